import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createTenant, join, type Person } from "../harness/client.ts";
import { someoneWaits } from "../harness/locks.ts";
import { memberIdOf, pathOf } from "./members.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;

/** An organization with three org_admins, and two of them. */
async function createScene() {
  const { organizationId, people } = await createTenant(app);
  const [second, third] = [await createPerson(app), await createPerson(app)];
  for (const person of [second, third]) await join(app, organizationId, person, "org_admin");
  const path = async (person: Person) =>
    pathOf(organizationId, `/${await memberIdOf(app, organizationId, person)}`);
  const first = people.org_admin;
  return { organizationId, people, first, second, paths: [await path(first), await path(second)] as const };
}

const demotion = { role: "coach" };

test.each([
  ["demote", "PATCH", demotion, 403],
  ["suspend", "PATCH", { status: "suspended" }, 403],
  ["remove", "DELETE", undefined, 404],
] as const)(
  "of two admins who %s each other in the same moment one succeeds",
  async (_, method, body, lost) => {
    const { organizationId, first, second, paths } = await createScene();
    let running: ReturnType<typeof call>[] = [];
    await sql.begin(async (tx) => {
      await tx`select 1 from member where user_id in ${tx([first.userId, second.userId])} for update`;
      running = [
        call(app, method, paths[1], { token: first.token, body }),
        call(app, method, paths[0], { token: second.token, body }),
      ];
      await someoneWaits(app, 2);
    });
    const statuses = (await Promise.all(running)).map(({ status }) => status).sort();
    expect(statuses).toEqual([body ? 200 : 204, lost]);
    const admins = await sql`
    select 1 from member
    where organization_id = ${organizationId} and role = 'org_admin' and status = 'active'`;
    expect(admins).toHaveLength(2);
  },
);

test("an admin who is demoted while a change of the organization waits changes nothing", async () => {
  const { organizationId, second, paths } = await createScene();
  const base = `/api/v1/organizations/${organizationId}`;
  const { token } = second;
  let running: ReturnType<typeof call>[] = [];
  await sql.begin(async (tx) => {
    await tx`select 1 from organization where id = ${organizationId} for update`;
    running = [
      call(app, "PATCH", base, { token, body: { name: "Taken over" } }),
      call(app, "PATCH", `${base}/settings`, { token, body: { coachesInviteClients: true } }),
      call(app, "DELETE", base, { token }),
      call(app, "PATCH", paths[0], { token, body: demotion }),
    ];
    await someoneWaits(app, 4);
    await sql`update member set role = 'coach' where user_id = ${second.userId}`;
  });
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  const [row] = await sql`select name, deleted_at from organization where id = ${organizationId}`;
  expect(row).toEqual({ name: expect.stringContaining("Tenant"), deleted_at: null });
});

test("a change of a member that waits while the organization is suspended does not come about", async () => {
  const { organizationId, second, paths } = await createScene();
  let running: ReturnType<typeof call> | undefined;
  await sql.begin(async (tx) => {
    await tx`update organization set suspended_at = now() where id = ${organizationId}`;
    running = call(app, "PATCH", paths[0], { token: second.token, body: demotion });
    await someoneWaits(app);
  });
  expect(await running).toMatchObject({ status: 403, json: { code: "suspended" } });
});

test("a reset of the second factor takes away what an enrolment writes in the same moment", async () => {
  const { people, organizationId, first } = await createScene();
  const { userId } = people.coach;
  const path = pathOf(organizationId, `/${await memberIdOf(app, organizationId, people.coach)}`);
  let running: ReturnType<typeof call> | undefined;
  await sql.begin(async (tx) => {
    await tx`update "user" set two_factor_enabled = true where id = ${userId}`;
    await tx`insert into two_factor (id, user_id, secret, backup_codes, verified)
      values (${crypto.randomUUID()}, ${userId}, 'secret', 'codes', true)`;
    running = call(app, "POST", `${path}/reset-2fa`, { token: first.token });
    await someoneWaits(app);
  });
  expect((await running)?.status).toBe(200);
  expect(await sql`select two_factor_enabled from "user" where id = ${userId}`).toEqual([
    { two_factor_enabled: false },
  ]);
  expect(await sql`select 1 from two_factor where user_id = ${userId}`).toEqual([]);
});
