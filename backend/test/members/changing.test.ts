import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import {
  call,
  createPerson,
  createPlatformAdmin,
  createTenant,
  join,
  makeStale,
  type OrganizationRole,
  type Person,
} from "../harness/client.ts";
import { memberIdOf, pathOf } from "./members.ts";

const app = await startTestApp();
const { sql } = app.deps.database;
const platformAdmin = await createPlatformAdmin(app);
/** Shared by tests whose attempts are refused. */
const quiet = await createScene();

async function createScene() {
  const { organizationId, people } = await createTenant(app);
  const path = async (person: Person) =>
    pathOf(organizationId, `/${await memberIdOf(app, organizationId, person)}`);
  const patch = async (by: Person, target: Person, body: unknown, headers: Record<string, string> = {}) =>
    call(app, "PATCH", await path(target), { token: by.token, body, headers });
  const remove = async (by: Person, target: Person, headers: Record<string, string> = {}) =>
    call(app, "DELETE", await path(target), { token: by.token, headers });
  const add = async (role: OrganizationRole) => {
    const person = await createPerson(app, `Another ${role}`);
    await join(app, organizationId, person, role);
    return person;
  };
  return { organizationId, people, path, patch, remove, add };
}

test("a role change holds on the target's next request, raises the version and is in the log", async () => {
  const { organizationId, people, patch, path } = await createScene();
  const changed = await patch(people.org_admin, people.coach, { role: "manager" });
  expect(changed).toMatchObject({ status: 200, json: { role: "manager", version: 2 } });
  expect(changed.headers.get("etag")).toBe('"v2"');
  const seen = await call(app, "GET", await path(people.client), { token: people.coach.token });
  expect(seen.status).toBe(200);
  const events = await sql`
    select action, changes, actor_id from audit_event
    where organization_id = ${organizationId} and result = 'allowed'`;
  expect(events).toEqual([
    {
      action: "member.updated",
      changes: { role: { from: "coach", to: "manager" } },
      actor_id: people.org_admin.userId,
    },
  ]);
  const same = await patch(people.org_admin, people.coach, { role: "manager" });
  expect(same).toMatchObject({ status: 200, json: { version: 2 } });
  expect(await patch(people.org_admin, people.coach, {})).toMatchObject({
    status: 200,
    json: { version: 2 },
  });
});

test("a suspended member is shut out at once and let in again", async () => {
  const { organizationId, people, patch } = await createScene();
  const ask = () => call(app, "GET", pathOf(organizationId), { token: people.coach.token });
  expect((await patch(people.manager, people.coach, { status: "suspended" })).status).toBe(200);
  expect(await ask()).toMatchObject({ status: 403, json: { code: "suspended" } });
  expect((await patch(people.manager, people.coach, { status: "active" })).status).toBe(200);
  expect((await ask()).status).toBe(200);
});

test("a manager changes coaches and clients, only into each other", async () => {
  const { people, patch, remove, add } = await createScene();
  const { manager } = people;
  expect((await patch(manager, people.coach, { role: "client" })).status).toBe(200);
  expect((await patch(manager, people.coach, { role: "coach" })).status).toBe(200);
  expect((await patch(manager, people.coach, { role: "manager" })).status).toBe(403);
  expect((await patch(manager, people.coach, { role: "org_admin" })).status).toBe(403);
  expect((await patch(manager, await add("manager"), { role: "coach" })).status).toBe(403);
  expect((await patch(manager, people.org_admin, { role: "client" })).status).toBe(403);
  expect((await remove(manager, people.org_admin)).status).toBe(403);
  expect((await remove(manager, await add("manager"))).status).toBe(403);
  expect((await remove(manager, await add("client"))).status).toBe(204);
});

test("nobody climbs by changing themselves", async () => {
  const { organizationId, people, patch, add } = await createScene();
  for (const role of ["org_admin", "coach"])
    expect((await patch(people.manager, people.manager, { role })).status).toBe(403);
  for (const person of [people.coach, people.client])
    expect((await patch(person, person, { role: "org_admin" })).status).toBe(403);
  await join(app, organizationId, platformAdmin, "client");
  expect((await patch(platformAdmin, platformAdmin, { role: "org_admin" })).status).toBe(403);
  await sql`update member set status = 'suspended' where user_id = ${platformAdmin.userId}`;
  expect((await patch(platformAdmin, platformAdmin, { status: "active" })).status).toBe(403);
  await add("org_admin");
  const stepped = await patch(people.org_admin, people.org_admin, { role: "coach" });
  expect(stepped).toMatchObject({ status: 200, json: { role: "coach" } });
  expect((await patch(people.org_admin, people.org_admin, { role: "org_admin" })).status).toBe(403);
});

test("making an org_admin needs a fresh credential, other roles do not", async () => {
  const { people, patch } = await createScene();
  await makeStale(app, people.org_admin);
  const refused = await patch(people.org_admin, people.manager, { role: "org_admin" });
  expect(refused).toMatchObject({ status: 403, json: { code: "step_up_required" } });
  expect((await patch(people.org_admin, people.coach, { role: "manager" })).status).toBe(200);
  await sql`update session set stepped_up_at = now() where user_id = ${people.org_admin.userId}`;
  expect((await patch(people.org_admin, people.manager, { role: "org_admin" })).status).toBe(200);
  expect((await patch(people.manager, people.org_admin, { role: "coach" })).status).toBe(200);
});

test("If-Match is honoured, after the rules on the row", async () => {
  const { people, patch, remove } = await createScene();
  const stale = { "if-match": '"v7"' };
  expect((await patch(people.org_admin, people.coach, { role: "client" }, stale)).status).toBe(412);
  expect((await remove(people.org_admin, people.coach, stale)).status).toBe(412);
  expect((await patch(people.manager, people.org_admin, { role: "client" }, stale)).status).toBe(403);
  expect((await remove(people.org_admin, people.coach, { "if-match": '"v1"' })).status).toBe(204);
});

test("of thirty writes that insist on the same version one succeeds", async () => {
  const { people, patch } = await createScene();
  const answers = await Promise.all(
    Array.from({ length: 30 }, () =>
      patch(people.org_admin, people.coach, { role: "client" }, { "if-match": '"v1"' }),
    ),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 412)).toHaveLength(29);
});

test("a removed member is gone from lists and detail, loses access, and keeps row and account", async () => {
  const { organizationId, people, remove, path } = await createScene();
  const { token } = people.org_admin;
  const gone = await path(people.coach);
  expect((await remove(people.org_admin, people.coach)).status).toBe(204);
  expect((await remove(people.org_admin, people.coach)).status).toBe(404);
  expect((await call(app, "GET", gone, { token })).status).toBe(404);
  expect((await call(app, "GET", gone, { token: platformAdmin.token })).status).toBe(404);
  expect((await call(app, "PATCH", gone, { token, body: { status: "active" } })).status).toBe(404);
  expect((await call(app, "POST", `${gone}/revoke-sessions`, { token })).status).toBe(404);
  const list = await call(app, "GET", pathOf(organizationId), { token });
  expect(list.json.data.map((row: { role: string }) => row.role)).not.toContain("coach");
  expect((await call(app, "GET", pathOf(organizationId), { token: people.coach.token })).status).toBe(404);
  const me = await call(app, "GET", "/api/v1/me", { token: people.coach.token });
  expect(me).toMatchObject({ status: 200, json: { memberships: [] } });
  const rows = await sql`select status, version from member where user_id = ${people.coach.userId}`;
  expect(rows).toEqual([{ status: "removed", version: 2 }]);
});

test("fields that are not offered are refused", async () => {
  const { people, patch } = quiet;
  for (const body of [{ status: "removed" }, { role: "platform_admin" }, { userId: "x" }, { version: 3 }, []])
    expect((await patch(people.org_admin, people.coach, body)).status).toBe(400);
});

test("nobody below them touches a platform admin's membership, whatever its role", async () => {
  const { organizationId, people, patch, remove } = quiet;
  const hidden = await createPlatformAdmin(app);
  await join(app, organizationId, hidden, "client");
  expect((await patch(people.org_admin, hidden, { status: "suspended" })).status).toBe(404);
  expect((await remove(people.org_admin, hidden)).status).toBe(404);
  expect((await remove(platformAdmin, hidden)).status).toBe(204);
});
