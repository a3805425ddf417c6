import postgres from "postgres";
import { afterAll, expect, test } from "vitest";
import { sealAuditEvents } from "../../src/db/audit-seal.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPlatformAdmin, createTenant } from "../harness/client.ts";
import { logOf, platformLog, write } from "./logs.ts";

const app = await startTestApp({ worker: false });
const owner = postgres(app.database.ownerUrl, { max: 1 });
afterAll(() => owner.end());
const platformAdmin = await createPlatformAdmin(app);

test("an intact log is valid, and a change by whoever owns the database names the seal", async () => {
  const { organizationId, people } = await createTenant(app);
  const verify = () => call(app, "GET", `${logOf(organizationId)}/verify`, { token: people.org_admin.token });
  const record = () => write(app.deps.database.sql, { organizationId });
  expect((await verify()).json).toEqual({ valid: true, checked: 0, firstBroken: null });
  const first = await record();
  await sealAuditEvents(app.deps.db);
  const [second, third] = [await record(), await record()];
  await sealAuditEvents(app.deps.db);
  await record();
  expect((await verify()).json).toEqual({ valid: true, checked: 3, firstBroken: null });
  await owner`update audit_event set action = 'note.read' where id = ${second}`;
  expect((await verify()).json).toEqual({
    valid: false,
    checked: 1,
    firstBroken: {
      seal: 2,
      problem: "contents_changed",
      afterEventId: first,
      upToEventId: third,
      sealedAt: expect.stringMatching(/^\d{4}-/),
    },
  });
});

test("the platform's log has a chain of its own", async () => {
  await write(app.deps.database.sql, { organizationId: null });
  await sealAuditEvents(app.deps.db);
  const { json } = await call(app, "GET", `${platformLog}/verify`, { token: platformAdmin.token });
  expect(json).toMatchObject({ valid: true, firstBroken: null });
  expect(json.checked).toBeGreaterThanOrEqual(1);
});

test("however many ask for the same log at once, it is read once, and at most two logs at a time", async () => {
  const tenants = [await createTenant(app), await createTenant(app), await createTenant(app)];
  const [one = "", two = "", three = ""] = tenants.map(({ organizationId }) => organizationId);
  const { verify } = app.deps.services.auditEvents;
  app.statements.length = 0;
  const asked = [...Array.from({ length: 20 }, () => verify(one)), verify(two)];
  await expect(verify(three)).rejects.toMatchObject({ code: "rate_limited", retryAfter: 5 });
  for (const verdict of await Promise.all(asked))
    expect(verdict).toEqual({ valid: true, checked: 0, firstBroken: null });
  expect(app.statements.filter((text) => text.includes("from audit_seal"))).toHaveLength(2);
  expect(await verify(three)).toMatchObject({ valid: true });
});
