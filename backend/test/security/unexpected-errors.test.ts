import postgres from "postgres";
import { afterAll, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant } from "../harness/client.ts";

const app = await startTestApp({ worker: false });
const { people } = await createTenant(app);
const owner = postgres(app.database.superUrl, { max: 1, onnotice: () => {} });
afterAll(() => owner.end());

test("v5.0.0-16.3.4 v5.0.0-16.5.1 what nobody expected is in the log with its request id, and its cause is told to nobody", async () => {
  await owner`alter table invitation rename to canary_4711`;
  app.logLines.length = 0;
  const { token } = people.org_admin;
  const organizationId = (await call(app, "GET", "/api/v1/me", { token })).json.memberships[0].organizationId;
  const { status, json, text } = await call(
    app,
    "GET",
    `/api/v1/organizations/${organizationId}/invitations`,
    {
      token,
    },
  );
  expect([status, json.code]).toEqual([500, "internal"]);
  expect(text).not.toMatch(/invitation"|relation|select|stack|node_modules|\.ts:/i);
  const lines = app.logLines.filter((line) => line.includes("unexpected error"));
  expect(lines.map((line) => JSON.parse(line).requestId)).toEqual([json.requestId]);
  expect(lines[0]).toContain("invitation");
});
