import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createPlatformAdmin, createTenant, join } from "../harness/client.ts";
import { someoneWaits } from "../harness/locks.ts";
import { answer, invite, invited, newestToken, pathOf } from "./inbox.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;

/** Two org_admins, and a person whom the second invites. */
async function createScene() {
  const { organizationId, people } = await createTenant(app);
  const [second, person] = [await createPerson(app), await createPerson(app)];
  await join(app, organizationId, second, "org_admin");
  return { organizationId, first: people.org_admin, second, person };
}

const losses = [
  ["demoted", (id: string) => sql`update member set role = 'manager' where user_id = ${id}`],
  ["suspended", (id: string) => sql`update member set status = 'suspended' where user_id = ${id}`],
  ["removed", (id: string) => sql`update member set status = 'removed' where user_id = ${id}`],
  ["banned", (id: string) => sql`update "user" set banned_at = now() where id = ${id}`],
] as const;

const preview = (token: string) => call(app, "GET", `/api/v1/invitations/${token}`);

test.each(losses)("what an org_admin offered who is %s makes nobody an org_admin", async (_, lose) => {
  const { organizationId, second, person } = await createScene();
  const { id, token } = await invited(app, organizationId, second, person.email, "org_admin");
  expect((await preview(token)).status).toBe(200);
  await lose(second.userId);
  expect((await preview(token)).status).toBe(404);
  expect(await answer(app, token, "accept", person)).toMatchObject({
    status: 404,
    json: { code: "not_found" },
  });
  expect(await sql`select 1 from member where user_id = ${person.userId}`).toEqual([]);
  expect(await sql`select status from invitation where id = ${id}`).toEqual([{ status: "revoked" }]);
  const events = await sql`
    select actor_type, changes->>'role' as role from audit_event
    where target_id = ${id} and action = 'invitation.revoked'`;
  expect(events).toEqual([{ actor_type: "system", role: "org_admin" }]);
});

test("lower roles stay valid, and what a platform admin offers does while they are one", async () => {
  const { organizationId, second, person } = await createScene();
  const admin = await createPlatformAdmin(app);
  const { token } = await invited(app, organizationId, second, person.email, "manager");
  const other = await createPerson(app);
  const { token: highest } = await invited(app, organizationId, admin, other.email, "org_admin");
  await losses[0][1](second.userId);
  expect((await answer(app, token, "accept", person)).status).toBe(200);
  await sql`update "user" set global_role = null where id = ${admin.userId}`;
  expect((await preview(highest)).status).toBe(404);
  await sql`update "user" set global_role = 'platform_admin' where id = ${admin.userId}`;
  expect((await answer(app, highest, "accept", other)).status).toBe(200);
});

test("another org_admin may send it again, or invite anew", async () => {
  const { organizationId, first, second, person } = await createScene();
  const other = await createPerson(app);
  const { id } = await invited(app, organizationId, second, person.email, "org_admin");
  await invited(app, organizationId, second, other.email, "org_admin");
  expect((await invite(app, organizationId, first, other.email, "org_admin")).status).toBe(409);
  await losses[0][1](second.userId);
  const resent = await call(app, "POST", `${pathOf(organizationId)}/${id}/resend`, { token: first.token });
  expect(resent).toMatchObject({ status: 200, json: { invitedBy: first.userId } });
  expect((await invite(app, organizationId, first, other.email, "org_admin")).status).toBe(201);
  for (const one of [person, other])
    expect((await answer(app, await newestToken(app, one.email), "accept", one)).status).toBe(200);
});

test("an acceptance that waits for the demotion of the inviter comes too late", async () => {
  const { organizationId, second, person } = await createScene();
  const { token } = await invited(app, organizationId, second, person.email, "org_admin");
  let running: ReturnType<typeof call> | undefined;
  await sql.begin(async (tx) => {
    await tx`select 1 from organization where id = ${organizationId} for no key update`;
    running = answer(app, token, "accept", person);
    await someoneWaits(app);
    await tx`update member set role = 'coach' where user_id = ${second.userId}`;
  });
  expect((await running)?.status).toBe(404);
});

test("who is demoted while resending or revoking waits does neither", async () => {
  const { organizationId, second, person } = await createScene();
  const { id, token } = await invited(app, organizationId, second, person.email);
  const path = `${pathOf(organizationId)}/${id}`;
  let running: ReturnType<typeof call>[] = [];
  await sql.begin(async (tx) => {
    await tx`select 1 from invitation where id = ${id} for update`;
    running = [
      call(app, "POST", `${path}/resend`, { token: second.token }),
      call(app, "DELETE", path, { token: second.token }),
    ];
    await someoneWaits(app, 2);
    await sql`update member set role = 'client' where user_id = ${second.userId}`;
  });
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual([403, 403]);
  expect((await preview(token)).status).toBe(200);
});
