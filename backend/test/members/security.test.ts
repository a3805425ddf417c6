import { readdirSync, readFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { expect, test, vi } from "vitest";
import { startTestApp } from "../harness/app.ts";
import {
  call,
  createPerson,
  createPlatformAdmin,
  createTenant,
  join,
  makeStale,
  type Person,
} from "../harness/client.ts";
import { memberIdOf, pathOf } from "./members.ts";

const app = await startTestApp();
const { sql } = app.deps.database;
const platformAdmin = await createPlatformAdmin(app);
const actions = ["revoke-sessions", "reset-2fa"] as const;

const secure = async (by: Person, organizationId: string, target: Person, action: (typeof actions)[number]) =>
  call(app, "POST", pathOf(organizationId, `/${await memberIdOf(app, organizationId, target)}/${action}`), {
    token: by.token,
  });

/** As if the person had enrolled, trusted a device and begun a sign-in. */
async function enrol({ userId }: Person) {
  await sql`update "user" set two_factor_enabled = true where id = ${userId}`;
  await sql`
    insert into two_factor (id, secret, backup_codes, user_id)
    values (${crypto.randomUUID()}, 'sealed', 'sealed', ${userId})`;
  for (const identifier of ["2fa-x", "trust-device-x"])
    await sql`
      insert into verification (id, identifier, value, expires_at)
      values (${crypto.randomUUID()}, ${identifier}, ${userId}, now() + interval '1 hour')`;
}

async function traces({ userId }: Person) {
  const [row] = await sql`
    select two_factor_enabled as enabled,
      (select count(*)::int from two_factor where user_id = ${userId}) as factors,
      (select count(*)::int from session where user_id = ${userId}) as sessions,
      (select count(*)::int from verification where value = ${userId}::text) as verifications
    from "user" where id = ${userId}`;
  return row;
}

const mailsTo = (email: string): string[] =>
  readdirSync(app.mailDir)
    .map((name) => readFileSync(joinPath(app.mailDir, name), "utf8"))
    .filter((text) => text.includes(email) && /^Subject: .*turned off/m.test(text));

test("revoking sessions signs the member out everywhere and trusts no device, and leaves the factor alone", async () => {
  const { organizationId, people } = await createTenant(app);
  await enrol(people.coach);
  const answer = await secure(people.org_admin, organizationId, people.coach, "revoke-sessions");
  expect(answer).toMatchObject({ status: 200, json: { userId: people.coach.userId, version: 1 } });
  expect((await call(app, "GET", "/api/v1/me", { token: people.coach.token })).status).toBe(401);
  expect(await traces(people.coach)).toEqual({ enabled: true, factors: 1, sessions: 0, verifications: 0 });
  expect((await call(app, "GET", "/api/v1/me", { token: people.client.token })).status).toBe(200);
});

test("resetting the second factor takes factor, devices, challenges and sessions, and tells the person", async () => {
  const { organizationId, people } = await createTenant(app);
  await enrol(people.manager);
  await enrol(people.coach);
  const [ofManager, ofCoach] = [await traces(people.manager), await traces(people.coach)];
  const answer = await secure(people.org_admin, organizationId, people.manager, "reset-2fa");
  expect(answer.status).toBe(200);
  expect(await traces(people.manager)).toEqual({ enabled: false, factors: 0, sessions: 0, verifications: 0 });
  expect(await traces(people.coach)).toEqual(ofCoach);
  await vi.waitFor(() => expect(mailsTo(people.manager.email)).toHaveLength(1), { timeout: 10_000 });
  const events = await sql`
    select action, target_type, changes from audit_event
    where organization_id = ${organizationId} and result = 'allowed'`;
  expect(events).toEqual([
    {
      action: "member.two_factor_reset",
      target_type: "member",
      changes: { sessionsEnded: ofManager?.sessions },
    },
  ]);
});

test("only strictly below, only by org_admins and platform admins, never on oneself", async () => {
  const { organizationId, people } = await createTenant(app);
  const equal = await createPerson(app, "Equal");
  await join(app, organizationId, equal, "org_admin");
  const hidden = await createPlatformAdmin(app);
  await join(app, organizationId, hidden, "client");
  const before = await traces(equal);
  for (const action of actions) {
    const ask = async (by: Person, target: Person) =>
      (await secure(by, organizationId, target, action)).status;
    expect(await ask(people.org_admin, equal)).toBe(403);
    expect(await ask(people.org_admin, people.org_admin)).toBe(403);
    expect(await ask(people.org_admin, hidden)).toBe(404);
    expect(await ask(hidden, hidden)).toBe(403);
    for (const by of [people.manager, people.coach, people.client])
      expect(await ask(by, people.client)).toBe(403);
  }
  expect(await traces(equal)).toEqual(before);
  expect((await secure(platformAdmin, organizationId, equal, "reset-2fa")).status).toBe(200);
  const foreign = await createTenant(app);
  const path = pathOf(
    organizationId,
    `/${await memberIdOf(app, foreign.organizationId, foreign.people.client)}`,
  );
  const answer = await call(app, "POST", `${path}/revoke-sessions`, { token: people.org_admin.token });
  expect(answer.status).toBe(404);
});

test("both need a fresh credential", async () => {
  const { organizationId, people } = await createTenant(app);
  await makeStale(app, people.org_admin);
  const before = await traces(people.coach);
  for (const action of actions) {
    const answer = await secure(people.org_admin, organizationId, people.coach, action);
    expect(answer).toMatchObject({ status: 403, json: { code: "step_up_required" } });
  }
  expect(await traces(people.coach)).toEqual(before);
});

test.each(["org_admin", "manager", "coach", "client"] as const)(
  "an org_admin has no power over the account of who is %s in another organization",
  async (role) => {
    const { organizationId, people } = await createTenant(app);
    const elsewhere = await createTenant(app);
    const target = elsewhere.people[role];
    await enrol(target);
    await join(app, organizationId, target, "client");
    const before = await traces(target);
    const ask = async (action: (typeof actions)[number]) =>
      (await secure(people.org_admin, organizationId, target, action)).status;
    for (const action of actions) expect(await ask(action)).toBe(403);
    await join(app, elsewhere.organizationId, people.org_admin, "manager");
    for (const action of actions) expect(await ask(action)).toBe(403);
    await sql`update member set status = 'suspended'
      where organization_id = ${elsewhere.organizationId} and user_id = ${target.userId}`;
    for (const action of actions) expect(await ask(action)).toBe(403);
    expect(await traces(target)).toEqual(before);
    await sql`update member set role = 'org_admin'
      where organization_id = ${elsewhere.organizationId} and user_id = ${people.org_admin.userId}`;
    for (const action of actions) expect(await ask(action)).toBe(200);
  },
);

test("who left the other organization, or belongs to none else, is within reach", async () => {
  const { organizationId, people } = await createTenant(app);
  const elsewhere = await createTenant(app);
  const target = elsewhere.people.coach;
  await join(app, organizationId, target, "client");
  await sql`update member set status = 'removed'
    where organization_id = ${elsewhere.organizationId} and user_id = ${target.userId}`;
  for (const action of actions)
    expect((await secure(people.org_admin, organizationId, target, action)).status).toBe(200);
});

test("a platform_admin reaches who belongs to several organizations, and the org_admin may still suspend", async () => {
  const { organizationId, people } = await createTenant(app);
  const target = (await createTenant(app)).people.coach;
  await join(app, organizationId, target, "client");
  expect((await secure(platformAdmin, organizationId, target, "reset-2fa")).status).toBe(200);
  const path = pathOf(organizationId, `/${await memberIdOf(app, organizationId, target)}`);
  const suspended = await call(app, "PATCH", path, {
    token: people.org_admin.token,
    body: { status: "suspended" },
  });
  expect(suspended.status).toBe(200);
});
