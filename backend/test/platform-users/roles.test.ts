import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createPlatformAdmin, makeStale, type Person } from "../harness/client.ts";
import { eventsOn, pathOf, setRole } from "./users.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const admin = await createPlatformAdmin(app);
const listAs = async ({ token }: Person) =>
  (await call(app, "GET", "/api/v1/platform/users", { token })).status;

test("the role holds, and ends, on the next request; each is in the platform's log", async () => {
  const person = await createPerson(app);
  expect(await listAs(person)).toBe(403);
  const promoted = await setRole(app, admin, person, "platform_admin");
  expect(promoted).toMatchObject({ status: 200, json: { globalRole: "platform_admin", version: 2 } });
  expect(promoted.headers.get("etag")).toBe('"v2"');
  expect(await listAs(person)).toBe(200);
  const same = await setRole(app, admin, person, "platform_admin");
  expect(same).toMatchObject({ status: 200, json: { version: 2 } });
  expect((await setRole(app, admin, person, null)).json).toMatchObject({ globalRole: null, version: 3 });
  expect(await listAs(person)).toBe(403);
  const action = "user.global_role_changed";
  const actorId = admin.userId;
  expect([...(await eventsOn(app, person))]).toEqual([
    { action, actorId, changes: { globalRole: { from: null, to: "platform_admin" } } },
    { action, actorId, changes: { globalRole: { from: "platform_admin", to: null } } },
  ]);
});

test("an address that nobody verified gets no global role, nor does who is banned", async () => {
  const person = await createPerson(app);
  await sql`update "user" set email_verified = false where id = ${person.userId}`;
  const unproven = await setRole(app, admin, person, "platform_admin");
  expect(unproven).toMatchObject({ status: 409, json: { code: "invalid_state" } });
  await sql`update "user" set email_verified = true, banned_at = now() where id = ${person.userId}`;
  expect((await setRole(app, admin, person, "platform_admin")).status).toBe(409);
  const rows = await sql`select global_role, version from "user" where id = ${person.userId}`;
  expect(rows).toEqual([{ global_role: null, version: 1 }]);
});

test("If-Match is honoured; of thirty writes that insist on the same version one succeeds", async () => {
  const person = await createPerson(app);
  expect((await setRole(app, admin, person, "platform_admin", { "if-match": '"v7"' })).status).toBe(412);
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => setRole(app, admin, person, "platform_admin", { "if-match": '"v1"' })),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 412)).toHaveLength(29);
});

test("it needs a fresh credential, and takes the global role only", async () => {
  const person = await createPerson(app);
  const stale = await createPlatformAdmin(app);
  await makeStale(app, stale);
  const refused = await setRole(app, stale, person, "platform_admin");
  expect(refused).toMatchObject({ status: 403, json: { code: "step_up_required" } });
  for (const body of [{}, { globalRole: "org_admin" }, { globalRole: null, bannedAt: null }, { name: "x" }])
    expect((await call(app, "PATCH", pathOf(person.userId), { token: admin.token, body })).status).toBe(400);
  const rows = await sql`select global_role, version from "user" where id = ${person.userId}`;
  expect(rows).toEqual([{ global_role: null, version: 1 }]);
});

test("nobody gives the role to themselves", async () => {
  const person = await createPerson(app);
  expect((await setRole(app, person, person, "platform_admin")).status).toBe(403);
  expect(await listAs(person)).toBe(403);
});
