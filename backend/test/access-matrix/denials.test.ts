import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { requestOf } from "./attempt-request.ts";
import { attempts } from "./attempts.ts";
import { badCredentials } from "./denials.credentials.ts";
import { commonDenials } from "./denials.ts";
import { readDocument } from "./document.ts";
import { readTable } from "./table.ts";
import { createWorld } from "./world.ts";

const app = await startTestApp({ worker: false });
const closed = await startTestApp({
  worker: false,
  database: app.database,
  env: { ORGANIZATION_SIGNUP: "closed" },
});
const world = await createWorld(app);
const credentials = await badCredentials(app);
const operations = await readDocument(app);
const { org_admin } = world.here.people;

for (const operation of operations) {
  const row = readTable().find((one) => one.operation === operation.id);
  const prepare = row && attempts[row.key];
  if (!row || !prepare) throw new Error(`The table has no row for ${operation.id}`);
  const caller = row.expected.org_admin === 403 ? world.platformAdmin : org_admin;
  const scene = { app, closedApp: app, caller, target: world.here };
  const request = async () => requestOf(operation, operation.path, await prepare(scene));
  commonDenials({ app, credentials, allowed: caller, operation, operations, request });
}

test("an unknown path below /api is 401 without a token and 404 with one", async () => {
  for (const path of ["/api/nothing", "/api/v1/nothing", "/api/v1", "/api/v1/me/nothing", "/api/v2/me"]) {
    const anonymous = await call(app, "GET", path);
    expect([anonymous.status, anonymous.json?.code], path).toEqual([401, "unauthenticated"]);
    const known = await call(app, "GET", path, { token: org_admin.token });
    expect([known.status, known.json?.code], path).toEqual([404, "not_found"]);
  }
});

test("an unknown path elsewhere is 404", async () => {
  for (const path of ["/nothing", "/.env", "/metricsx", "/health/nothing"]) {
    const { status, json } = await call(app, "GET", path);
    expect([status, json?.code], path).toEqual([404, "not_found"]);
  }
});

test("a POST without required fields takes no body and {} alike", async () => {
  for (const body of [undefined, {}]) {
    const { status } = await call(app, "POST", "/api/v1/me/keep-alive", { token: org_admin.token, body });
    expect(status).toBe(200);
  }
  const withField = await call(app, "POST", "/api/v1/me/keep-alive", {
    token: org_admin.token,
    body: { unknown: 1 },
  });
  expect(withField.json).toMatchObject({ status: 400, code: "validation_failed" });
});

test("where coaches do not invite, a coach is refused before the input is read", async () => {
  const path = `/api/v1/organizations/${world.here.organizationId}/invitations`;
  for (const at of [path, `${path}/bulk`, `${path}?unknown=1`]) {
    const { status, json } = await call(app, "POST", at, { token: world.here.people.coach.token, body: "{" });
    expect([status, json?.code], at).toEqual([403, "forbidden"]);
  }
});

test("with closed sign-up an organization is refused before its fields are read, but not to platform admins", async () => {
  const create = (token: string) =>
    call(closed, "POST", "/api/v1/organizations", { token, body: { bad: 1 } });
  expect((await create(world.here.people.client.token)).status).toBe(403);
  expect((await create(world.platformAdmin.token)).status).toBe(400);
});

test("a role is refused before its input is read, and input before the row is looked for", async () => {
  const { client } = world.here.people;
  const path = `/api/v1/organizations/${world.here.organizationId}`;
  const byRole = await call(app, "PATCH", path, { token: client.token, body: "{" });
  expect(byRole.status).toBe(403);
  const foreign = `/api/v1/organizations/${world.elsewhere.organizationId}`;
  expect((await call(app, "PATCH", foreign, { token: client.token, body: "{" })).status).toBe(404);
  const unread = await call(app, "GET", `/api/v1/files/${world.elsewhere.files.orgLogo}?unknown=1`, {
    token: client.token,
  });
  expect(unread.status).toBe(400);
});
