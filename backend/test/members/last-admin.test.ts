import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import {
  call,
  createPerson,
  createPlatformAdmin,
  createTenant,
  join,
  type Person,
} from "../harness/client.ts";
import { inOneMoment } from "../harness/locks.ts";
import { memberIdOf, pathOf } from "./members.ts";

const app = await startTestApp();
const { sql } = app.deps.database;
const platformAdmin = await createPlatformAdmin(app);

async function createPair() {
  const { organizationId, people } = await createTenant(app);
  const second = await createPerson(app, "Second Admin");
  await join(app, organizationId, second, "org_admin");
  const path = async (person: Person) =>
    pathOf(organizationId, `/${await memberIdOf(app, organizationId, person)}`);
  const leave = (person: Person) =>
    call(app, "POST", `/api/v1/organizations/${organizationId}/leave`, { token: person.token });
  return { organizationId, first: people.org_admin, second, people, path, leave };
}

const atOnce = <T>(people: Person[], start: () => Promise<T>[]) =>
  inOneMoment(
    app,
    (tx) => tx`select 1 from member where user_id in ${tx(people.map(({ userId }) => userId))} for update`,
    start,
  );

const activeAdmins = async (organizationId: string) =>
  (
    await sql`
      select 1 from member
      where organization_id = ${organizationId} and role = 'org_admin' and status = 'active'`
  ).length;

test("the last active org_admin is neither demoted, suspended nor removed, and does not leave", async () => {
  const { organizationId, people } = await createTenant(app);
  const path = pathOf(organizationId, `/${await memberIdOf(app, organizationId, people.org_admin)}`);
  for (const { token } of [people.org_admin, platformAdmin]) {
    const answers = [
      await call(app, "PATCH", path, { token, body: { role: "manager" } }),
      await call(app, "PATCH", path, { token, body: { status: "suspended" } }),
      await call(app, "DELETE", path, { token }),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ status: 409, json: { code: "last_admin" } });
  }
  const left = await call(app, "POST", `/api/v1/organizations/${organizationId}/leave`, {
    token: people.org_admin.token,
  });
  expect(left).toMatchObject({ status: 409, json: { code: "last_admin" } });
  const rows = await sql`select role, status, version from member where user_id = ${people.org_admin.userId}`;
  expect(rows).toEqual([{ role: "org_admin", status: "active", version: 1 }]);
});

test("suspended, banned and global admins do not count as a second one", async () => {
  const { first, second, leave, organizationId } = await createPair();
  await sql`update member set status = 'suspended' where user_id = ${second.userId}`;
  expect((await leave(first)).status).toBe(409);
  await sql`update member set status = 'active' where user_id = ${second.userId}`;
  await sql`update "user" set banned_at = now() where id = ${second.userId}`;
  expect((await leave(first)).status).toBe(409);
  await sql`update "user" set banned_at = null, global_role = 'platform_admin' where id = ${second.userId}`;
  expect((await leave(first)).status).toBe(409);
  await sql`update "user" set global_role = null where id = ${second.userId}`;
  expect((await leave(first)).status).toBe(200);
  expect(await activeAdmins(organizationId)).toBe(1);
});

test("an org_admin who does not count may be removed", async () => {
  const { first, second, path } = await createPair();
  await sql`update member set status = 'suspended' where user_id = ${second.userId}`;
  expect((await call(app, "DELETE", await path(second), { token: first.token })).status).toBe(204);
});

test("fifty parallel attempts of two admins to remove each other leave exactly one", async () => {
  const { organizationId, first, second, path } = await createPair();
  const [firstPath, secondPath] = [await path(first), await path(second)];
  const answers = await atOnce([first, second], () =>
    Array.from({ length: 50 }, (_, i) =>
      i % 2
        ? call(app, "DELETE", firstPath, { token: second.token })
        : call(app, "DELETE", secondPath, { token: first.token }),
    ),
  );
  expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  for (const { status } of answers) expect([204, 404, 409]).toContain(status);
  expect(await activeAdmins(organizationId)).toBe(1);
});

test("two admins who leave, demote and suspend each other at once leave exactly one", async () => {
  const ways = [
    (by: Person, _path: string, leave: (person: Person) => ReturnType<typeof call>) => leave(by),
    (by: Person, path: string) => call(app, "PATCH", path, { token: by.token, body: { role: "client" } }),
    (by: Person, path: string) =>
      call(app, "PATCH", path, { token: by.token, body: { status: "suspended" } }),
    (by: Person, path: string) => call(app, "DELETE", path, { token: by.token }),
  ];
  for (let round = 0; round < 2; round++) {
    const { organizationId, first, second, path, leave } = await createPair();
    const [firstPath, secondPath] = [await path(first), await path(second)];
    const answers = await atOnce([first, second], () =>
      ways.flatMap((way) => [way(first, secondPath, leave), way(second, firstPath, leave)]),
    );
    expect(answers.filter(({ status }) => status < 300)).not.toHaveLength(0);
    for (const { status } of answers) expect(status).toBeLessThan(500);
    expect(await activeAdmins(organizationId)).toBe(1);
  }
});

test("who leaves is out at once, may not leave twice, and belongs to the others as before", async () => {
  const { organizationId, people, leave } = await createPair();
  const elsewhere = await createTenant(app);
  await join(app, elsewhere.organizationId, people.coach, "client");
  const answers = await Promise.all(Array.from({ length: 20 }, () => leave(people.coach)));
  const [left, ...more] = answers.filter(({ status }) => status === 200);
  expect(more).toEqual([]);
  expect(left?.json).toMatchObject({
    userId: people.coach.userId,
    role: "coach",
    status: "removed",
    version: 2,
  });
  expect(answers.filter(({ status }) => status === 404)).toHaveLength(19);
  expect((await call(app, "GET", pathOf(organizationId), { token: people.coach.token })).status).toBe(404);
  const there = await call(app, "GET", pathOf(elsewhere.organizationId), { token: people.coach.token });
  expect(there.status).toBe(200);
  expect((await leave(platformAdmin)).status).toBe(404);
});
