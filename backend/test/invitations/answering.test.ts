import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createPlatformAdmin, createTenant, join } from "../harness/client.ts";
import { someoneWaits } from "../harness/locks.ts";
import { answer, invited, letExpire, newAddress, newestToken, pathOf } from "./inbox.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const { organizationId, people } = await createTenant(app);
const admin = people.org_admin;

const preview = (token: string) => call(app, "GET", `/api/v1/invitations/${token}`);
const membershipsOf = async (token: string) =>
  (await call(app, "GET", "/api/v1/me", { token })).json.memberships;

describe("the preview", () => {
  test("shows anybody with the link what it offers, and of the address next to nothing", async () => {
    const { token } = await invited(app, organizationId, admin, "ada.lovelace@mail.example.test", "coach");
    const shown = await preview(token);
    expect(shown.status).toBe(200);
    expect(shown.json).toEqual({
      organizationName: expect.stringContaining("Tenant"),
      role: "coach",
      emailMasked: "a•••@m•••.test",
      expiresAt: expect.any(String),
      status: "pending",
    });
    expect(shown.headers.get("cache-control")).toBe("no-store");
    expect((await call(app, "GET", `/api/invitations/${token}`)).status).toBe(200);
  });

  test("masks a short and a long address alike", async () => {
    const { token: short } = await invited(app, organizationId, admin, "a@e.test");
    const { token: long } = await invited(app, organizationId, admin, `a${"b".repeat(60)}@example.co.test`);
    for (const token of [short, long]) expect((await preview(token)).json.emailMasked).toBe("a•••@e•••.test");
  });
});

test("accepting makes a member with the invited role and verifies the address", async () => {
  const person = await createPerson(app);
  await sql`update "user" set email_verified = false where id = ${person.userId}`;
  const { id, token } = await invited(app, organizationId, admin, person.email, "manager");
  const accepted = await answer(app, token, "accept", person);
  const memberships = await membershipsOf(person.token);
  expect(accepted).toMatchObject({
    status: 200,
    json: { id, organizationId, memberId: memberships[0].memberId, role: "manager", status: "accepted" },
  });
  expect(memberships).toMatchObject([{ organizationId, role: "manager", status: "active" }]);
  const me = await call(app, "GET", "/api/v1/me", { token: person.token });
  expect(me.json.emailVerified).toBe(true);
  const events = await sql`
    select action, organization_id from audit_event where actor_id = ${person.userId} and action = 'user.email_verified'`;
  expect(events).toEqual([{ action: "user.email_verified", organization_id: null }]);
});

test("of 20 accepts at once one succeeds and one member is there", async () => {
  const person = await createPerson(app);
  const { token } = await invited(app, organizationId, admin, person.email);
  const answers = await Promise.all(Array.from({ length: 20 }, () => answer(app, token, "accept", person)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(404)]);
  expect(await sql`select id from member where user_id = ${person.userId}`).toHaveLength(1);
});

test("of accepts and declines at once one is heard", async () => {
  const person = await createPerson(app);
  const { token } = await invited(app, organizationId, admin, person.email);
  const verbs = Array.from({ length: 20 }, (_, i) => (i % 2 ? "accept" : "decline"));
  const answers = await Promise.all(verbs.map((verb) => answer(app, token, verb as "accept", person)));
  const heard = answers.filter(({ status }) => status === 200);
  expect(heard).toHaveLength(1);
  const members = await sql`select id from member where user_id = ${person.userId}`;
  expect(members).toHaveLength(heard[0]?.json.status === "accepted" ? 1 : 0);
});

test("of two roles accepted at once one is held, and the other is a conflict", async () => {
  const person = await createPerson(app);
  const { token: coach } = await invited(app, organizationId, admin, person.email, "coach");
  const { token: client } = await invited(app, organizationId, admin, person.email, "client");
  const answers = await Promise.all([coach, client].map((token) => answer(app, token, "accept", person)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(await membershipsOf(person.token)).toHaveLength(1);
});

test("an accept and a revocation at once leave a member or a dead link, never both", async () => {
  for (let round = 0; round < 5; round++) {
    const person = await createPerson(app);
    const { id, token } = await invited(app, organizationId, admin, person.email);
    const [accepted, revoked] = await Promise.all([
      answer(app, token, "accept", person),
      call(app, "DELETE", `${pathOf(organizationId)}/${id}`, { token: admin.token }),
    ]);
    expect([
      [200, 409],
      [404, 204],
    ]).toContainEqual([accepted.status, revoked.status]);
    expect(await membershipsOf(person.token)).toHaveLength(accepted.status === 200 ? 1 : 0);
  }
});

test("declining leaves nobody a member", async () => {
  const person = await createPerson(app);
  const { token } = await invited(app, organizationId, admin, person.email);
  expect(await answer(app, token, "decline", person)).toMatchObject({
    status: 200,
    json: { status: "declined", memberId: null },
  });
  expect(await membershipsOf(person.token)).toEqual([]);
});

test("a removed member who is invited again gets the same row back, with the new role", async () => {
  const person = await createPerson(app);
  await join(app, organizationId, person, "coach");
  const [before] = await membershipsOf(person.token);
  await sql`update member set status = 'removed', updated_at = now() where id = ${before.memberId}`;
  const { token } = await invited(app, organizationId, admin, person.email, "client");
  const accepted = await answer(app, token, "accept", person);
  expect(accepted.json.memberId).toBe(before.memberId);
  const [row] = await sql`select role, status, version from member where id = ${before.memberId}`;
  expect(row).toEqual({ role: "client", status: "active", version: 2 });
});

test("an invitation from before the removal does not undo it", async () => {
  const person = await createPerson(app);
  const { token } = await invited(app, organizationId, admin, person.email, "manager");
  await join(app, organizationId, person, "client");
  await sql`update member set status = 'removed', updated_at = now() where user_id = ${person.userId}`;
  expect((await answer(app, token, "accept", person)).status).toBe(404);
  expect(await membershipsOf(person.token)).toEqual([]);
});

test("an accept that meets the removal half-way does not undo it either", async () => {
  const person = await createPerson(app);
  const { token } = await invited(app, organizationId, admin, person.email, "manager");
  await join(app, organizationId, person, "client");
  let accepting: ReturnType<typeof answer> | undefined;
  await sql.begin(async (tx) => {
    await tx`update member set status = 'removed', updated_at = now() where user_id = ${person.userId}`;
    accepting = answer(app, token, "accept", person);
    await someoneWaits(app);
  });
  expect((await accepting)?.status).toBe(404);
  expect(await membershipsOf(person.token)).toEqual([]);
});

test.each(["active", "suspended"])(
  "who is a member already (%s) gets 409 and stays as they are",
  async (status) => {
    const person = await createPerson(app);
    const { token } = await invited(app, organizationId, admin, person.email, "manager");
    await join(app, organizationId, person, "client");
    await sql`update member set status = ${status} where user_id = ${person.userId}`;
    expect(await answer(app, token, "accept", person)).toMatchObject({
      status: 409,
      json: { code: "conflict" },
    });
    const [row] = await sql`select role, status, version from member where user_id = ${person.userId}`;
    expect(row).toEqual({ role: "client", status, version: 1 });
  },
);

describe("somebody else", () => {
  test.each(["accept", "decline"] as const)("cannot %s, and the link still works after", async (verb) => {
    const person = await createPerson(app);
    const other = await createPerson(app);
    const { token } = await invited(app, organizationId, admin, person.email);
    const refused = await answer(app, token, verb, other);
    expect(refused).toMatchObject({ status: 403, json: { code: "email_mismatch" } });
    expect(refused.text).not.toContain(person.email);
    const [event] = await sql`
      select result, organization_id, target_id, changes from audit_event
      where actor_id = ${other.userId} and result = 'denied'`;
    expect(event).toEqual({
      result: "denied",
      organization_id: null,
      target_id: null,
      changes: { reason: "email_mismatch" },
    });
    expect((await answer(app, token, verb, person)).status).toBe(200);
  });

  test("who is nobody gets 401", async () => {
    const { token } = await invited(app, organizationId, admin, newAddress());
    expect((await call(app, "POST", `/api/v1/invitations/${token}/accept`)).status).toBe(401);
  });
});

test("an invitation follows the address, not the person who had it", async () => {
  const person = await createPerson(app);
  const { token } = await invited(app, organizationId, admin, person.email);
  await sql`update "user" set email = ${newAddress()} where id = ${person.userId}`;
  expect((await answer(app, token, "accept", person)).json.code).toBe("email_mismatch");
});

test("a replaced, revoked, declined, accepted or expired token is 404 to everyone", async () => {
  const person = await createPerson(app);
  const make = (role = "client") => invited(app, organizationId, admin, person.email, role);
  const one = (id: string) => `${pathOf(organizationId)}/${id}`;
  const declined = await make();
  await answer(app, declined.token, "decline", person);
  const replaced = await make();
  await call(app, "POST", `${one(replaced.id)}/resend`, { token: admin.token });
  const revoked = { token: await newestToken(app, person.email) };
  await call(app, "DELETE", one(replaced.id), { token: admin.token });
  const expired = await make("coach");
  await letExpire(app, expired.id);
  const accepted = await make("manager");
  await answer(app, accepted.token, "accept", person);
  const never = { token: Buffer.alloc(32, 7).toString("base64url") };
  const bodies = new Set<string>();
  for (const { token } of [declined, replaced, revoked, expired, accepted, never, { token: "x" }]) {
    const stranger = people.client;
    const answers = [
      await preview(token),
      await call(app, "GET", `/api/v1/invitations/${token}`, { token: person.token }),
      await answer(app, token, "accept", person),
      await answer(app, token, "accept", stranger),
      await answer(app, token, "decline", person),
    ];
    for (const { status, json } of answers) {
      expect(status).toBe(404);
      bodies.add(JSON.stringify([json.code, json.detail, json.title]));
    }
  }
  expect(bodies.size).toBe(1);
});

test("a suspended organization shows its invitations and lets nobody in; a deleted one shows nothing", async () => {
  const other = await createTenant(app);
  const person = await createPerson(app);
  const { token } = await invited(app, other.organizationId, other.people.org_admin, person.email);
  await sql`update organization set suspended_at = now() where id = ${other.organizationId}`;
  expect((await preview(token)).status).toBe(200);
  expect(await answer(app, token, "accept", person)).toMatchObject({
    status: 403,
    json: { code: "suspended" },
  });
  await sql`update organization set suspended_at = null, deleted_at = now() where id = ${other.organizationId}`;
  expect((await preview(token)).status).toBe(404);
  expect((await answer(app, token, "accept", person)).status).toBe(404);
  expect((await answer(app, token, "decline", person)).status).toBe(404);
});

test("a platform admin stays outside", async () => {
  const platformAdmin = await createPlatformAdmin(app);
  const { token } = await invited(app, organizationId, admin, platformAdmin.email);
  expect(await answer(app, token, "accept", platformAdmin)).toMatchObject({
    status: 409,
    json: { code: "conflict" },
  });
  expect(await sql`select id from member where user_id = ${platformAdmin.userId}`).toHaveLength(0);
  expect((await answer(app, token, "decline", platformAdmin)).status).toBe(200);
});
