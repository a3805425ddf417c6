import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPlatformAdmin, createTenant, makeStale, uploadFile } from "../harness/client.ts";
import { someoneWaits } from "../harness/locks.ts";

const app = await startTestApp();
const platformAdmin = await createPlatformAdmin(app);
const pathOf = (organizationId: string) => `/api/v1/organizations/${organizationId}`;

test("a suspended organization is closed to every member on their next request, and open again after", async () => {
  const { organizationId, people } = await createTenant(app);
  const suspended = await call(app, "POST", `${pathOf(organizationId)}/suspend`, {
    token: platformAdmin.token,
  });
  expect(suspended).toMatchObject({ status: 200, json: { status: "suspended" } });
  for (const person of Object.values(people)) {
    const answer = await call(app, "GET", pathOf(organizationId), { token: person.token });
    expect(answer).toMatchObject({ status: 403, json: { code: "suspended" } });
    expect((await call(app, "GET", "/api/v1/me", { token: person.token })).status).toBe(200);
  }
  const again = await call(app, "POST", `${pathOf(organizationId)}/suspend`, { token: platformAdmin.token });
  expect(again).toMatchObject({ status: 409, json: { code: "invalid_state" } });
  await call(app, "POST", `${pathOf(organizationId)}/reactivate`, { token: platformAdmin.token });
  expect((await call(app, "GET", pathOf(organizationId), { token: people.client.token })).status).toBe(200);
});

test("a deleted organization is unknown to its members, keeps its slug and can be brought back by its admin", async () => {
  const { organizationId, people } = await createTenant(app);
  const token = people.org_admin.token;
  const before = await call(app, "GET", pathOf(organizationId), { token });
  expect((await call(app, "DELETE", pathOf(organizationId), { token })).status).toBe(204);
  expect((await call(app, "DELETE", pathOf(organizationId), { token })).status).toBe(404);
  expect((await call(app, "GET", pathOf(organizationId), { token })).status).toBe(404);
  expect((await call(app, "GET", "/api/v1/me", { token })).json.memberships).toEqual([]);
  const sameSlug = await call(app, "POST", "/api/v1/organizations", {
    token: platformAdmin.token,
    body: { name: "Another", slug: before.json.slug },
  });
  expect(sameSlug).toMatchObject({ status: 409, json: { details: [{ field: "slug" }] } });
  const manager = await call(app, "POST", `${pathOf(organizationId)}/restore`, {
    token: people.manager.token,
  });
  expect(manager.status).toBe(403);
  expect((await call(app, "POST", `${pathOf(organizationId)}/restore`, { token })).status).toBe(200);
  expect((await call(app, "GET", pathOf(organizationId), { token })).status).toBe(200);
});

test("deleting needs a credential shown within ten minutes", async () => {
  const { organizationId, people } = await createTenant(app);
  await makeStale(app, people.org_admin);
  const answer = await call(app, "DELETE", pathOf(organizationId), { token: people.org_admin.token });
  expect(answer).toMatchObject({ status: 403, json: { code: "step_up_required" } });
});

test("after 30 days a deleted organization cannot be restored and is purged with its files", async () => {
  const { organizationId, people } = await createTenant(app);
  const token = people.org_admin.token;
  const note = await uploadFile(app, token, Buffer.from("plain text"), {
    target: "organizationFile",
    organizationId,
    fileName: "notes.txt",
    contentType: "text/plain",
  });
  await call(app, "DELETE", pathOf(organizationId), { token });
  await app.deps.database.sql`
    update organization set deleted_at = now() - interval '31 days' where id = ${organizationId}`;
  expect((await call(app, "POST", `${pathOf(organizationId)}/restore`, { token })).status).toBe(404);
  await app.deps.schedules.find(({ name }) => name === "organization-purge")?.run();
  const left = await app.deps.database.sql`select id from organization where id = ${organizationId}`;
  expect(left).toHaveLength(0);
  expect(await app.deps.database.sql`select id from file where id = ${note.id}`).toHaveLength(0);
  const events = await app.deps.database.sql`
    select action from audit_event where organization_id = ${organizationId} and action = 'organization.deleted'`;
  expect(events).toHaveLength(1);
});

test("a restore that the purge finds under way wins", async () => {
  const { organizationId } = await createTenant(app);
  const { sql } = app.deps.database;
  await sql`update organization set deleted_at = now() - interval '31 days' where id = ${organizationId}`;
  let purging: Promise<unknown> | undefined;
  await sql.begin(async (tx) => {
    await tx`update organization set deleted_at = null where id = ${organizationId}`;
    purging = app.deps.schedules.find(({ name }) => name === "organization-purge")?.run();
    await someoneWaits(app);
  });
  await purging;
  expect(await sql`select id from organization where id = ${organizationId}`).toHaveLength(1);
  expect(await sql`select id from member where organization_id = ${organizationId}`).toHaveLength(4);
  const purged = await sql`
    select 1 from audit_event where action = 'organization.purged' and target_id = ${organizationId}`;
  expect(purged).toHaveLength(0);
});

test("settings are typed, versioned and read by managers, changed by admins", async () => {
  const { organizationId, people } = await createTenant(app);
  const path = `${pathOf(organizationId)}/settings`;
  const read = await call(app, "GET", path, { token: people.manager.token });
  expect(read.json).toEqual({
    clientsSeeDirectory: false,
    coachesInviteClients: false,
    twoFactorRoles: [],
    version: 1,
  });
  const body = { clientsSeeDirectory: true };
  expect((await call(app, "PATCH", path, { token: people.manager.token, body })).status).toBe(403);
  expect((await call(app, "GET", path, { token: people.coach.token })).status).toBe(403);
  const changed = await call(app, "PATCH", path, { token: people.org_admin.token, body });
  expect(changed).toMatchObject({ status: 200, json: { clientsSeeDirectory: true, version: 2 } });
  const stale = await call(app, "PATCH", path, {
    token: people.org_admin.token,
    body,
    headers: { "if-match": '"v1"' },
  });
  expect(stale.status).toBe(412);
  for (const bad of [{ twoFactorRoles: ["king"] }, { twoFactorRoles: ["coach", "coach"] }, { colour: "red" }])
    expect((await call(app, "PATCH", path, { token: people.org_admin.token, body: bad })).status).toBe(400);
});

test("a member whose role needs a second factor may only enrol until it is done", async () => {
  const { organizationId, people } = await createTenant(app);
  await call(app, "PATCH", `${pathOf(organizationId)}/settings`, {
    token: people.org_admin.token,
    body: { twoFactorRoles: ["coach"] },
  });
  const refused = await call(app, "GET", pathOf(organizationId), { token: people.coach.token });
  expect(refused).toMatchObject({
    status: 403,
    json: { code: "forbidden", details: [{ field: "twoFactor" }] },
  });
  expect((await call(app, "GET", pathOf(organizationId), { token: people.client.token })).status).toBe(200);
  expect((await call(app, "GET", "/api/v1/me", { token: people.coach.token })).status).toBe(200);
});
