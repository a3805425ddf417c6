import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createPlatformAdmin, createTenant, join, makeStale } from "../harness/client.ts";
import { invite, letExpire, mailsTo, newAddress, pathOf } from "./inbox.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const selfService = await startTestApp({
  worker: false,
  database: app.database,
  env: { ORGANIZATION_SIGNUP: "open" },
});
const platformAdmin = await createPlatformAdmin(app);
const tenant = await createTenant(app);
const { organizationId, people } = tenant;

const letCoachesInvite = (id: string) => sql`
  update organization set coaches_invite_clients = true where id = ${id}`;

test("an invitation is answered with 201, a location and its fields, and the token only goes by mail", async () => {
  const email = newAddress();
  const before = Date.now();
  const created = await invite(app, organizationId, people.org_admin, `  ${email.toUpperCase()} `, "coach");
  expect(created.status).toBe(201);
  expect(created.json).toEqual({
    id: expect.any(String),
    email,
    role: "coach",
    status: "pending",
    expiresAt: expect.any(String),
    invitedBy: people.org_admin.userId,
    createdAt: expect.any(String),
    version: 1,
  });
  expect(created.headers.get("location")).toBe(`${pathOf(organizationId)}/${created.json.id}`);
  const days = (Date.parse(created.json.expiresAt) - before) / 86_400_000;
  expect(days).toBeGreaterThan(6.99);
  expect(days).toBeLessThan(7.01);
  const [row] = await sql`select token_hash from invitation where id = ${created.json.id}`;
  expect(row?.token_hash).toMatch(/^[0-9a-f]{64}$/);
  expect(await mailsTo(app, email)).toHaveLength(1);
});

describe("who may invite whom", () => {
  test.each([
    ["platform_admin", ["org_admin", "manager", "coach", "client"], []],
    ["org_admin", ["org_admin", "manager", "coach", "client"], []],
    ["manager", ["coach", "client"], ["org_admin", "manager"]],
    ["coach", [], ["org_admin", "manager", "coach", "client"]],
    ["client", [], ["org_admin", "manager", "coach", "client"]],
  ] as const)("%s may invite %j and not %j", async (role, allowed, refused) => {
    const by = role === "platform_admin" ? platformAdmin : people[role];
    for (const one of allowed)
      expect((await invite(app, organizationId, by, newAddress(), one)).status).toBe(201);
    for (const one of refused) {
      const email = newAddress();
      const answer = await invite(app, organizationId, by, email, one);
      expect(answer).toMatchObject({ status: 403, json: { code: "forbidden" } });
      expect(await mailsTo(app, email)).toEqual([]);
      expect(await sql`select id from invitation where email = ${email}`).toHaveLength(0);
    }
  });

  test("a coach invites clients, and nobody else, where the organization lets coaches", async () => {
    const other = await createTenant(app);
    await letCoachesInvite(other.organizationId);
    const by = other.people.coach;
    expect((await invite(app, other.organizationId, by, newAddress(), "client")).status).toBe(201);
    for (const role of ["coach", "manager", "org_admin"])
      expect((await invite(app, other.organizationId, by, newAddress(), role)).status).toBe(403);
  });

  test("an organization of others, one that is not there and one that is deleted answer alike", async () => {
    const stranger = await createTenant(app);
    const random = crypto.randomUUID();
    const own = await invite(app, random, people.org_admin, newAddress());
    const foreign = await invite(app, stranger.organizationId, people.org_admin, newAddress());
    const unknown = await invite(app, random, platformAdmin, newAddress());
    await sql`update organization set deleted_at = now() where id = ${stranger.organizationId}`;
    const deleted = await invite(app, stranger.organizationId, platformAdmin, newAddress());
    for (const { status, json } of [own, foreign, unknown, deleted])
      expect({ status, code: json.code, detail: json.detail }).toEqual({
        status: 404,
        code: "not_found",
        detail: "Not found",
      });
    for (const id of [random, stranger.organizationId])
      expect((await call(app, "GET", pathOf(id), { token: platformAdmin.token })).status).toBe(404);
  });

  test("inviting an org_admin needs a fresh credential, inviting a manager does not", async () => {
    const other = await createTenant(app);
    await makeStale(app, other.people.org_admin);
    const email = newAddress();
    const refused = await invite(app, other.organizationId, other.people.org_admin, email, "org_admin");
    expect(refused).toMatchObject({ status: 403, json: { code: "step_up_required" } });
    expect(await mailsTo(app, email)).toEqual([]);
    const [event] = await sql`
      select action, result, changes from audit_event
      where organization_id = ${other.organizationId} and result = 'denied'`;
    expect(event).toMatchObject({ action: "invitations.create", changes: { reason: "step_up_required" } });
    expect((await invite(app, other.organizationId, other.people.org_admin, email, "manager")).status).toBe(
      201,
    );
  });
});

describe("one pending invitation", () => {
  test("a second one for the same address and role is a conflict, for another role it is not", async () => {
    const email = newAddress();
    expect((await invite(app, organizationId, people.manager, email, "client")).status).toBe(201);
    const again = await invite(app, organizationId, people.org_admin, email.toUpperCase(), "client");
    expect(again).toMatchObject({ status: 409, json: { code: "conflict" } });
    expect((await invite(app, organizationId, people.manager, email, "coach")).status).toBe(201);
    expect(await mailsTo(app, email)).toHaveLength(2);
  });

  test("of 20 at once one is made and one mail is sent", async () => {
    const email = newAddress();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => invite(app, organizationId, people.org_admin, email, "client")),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)]);
    expect(await mailsTo(app, email)).toHaveLength(1);
  });

  test("an expired one makes room, for one of 20 at once", async () => {
    const email = newAddress();
    const first = await invite(app, organizationId, people.org_admin, email, "client");
    await letExpire(app, first.json.id);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => invite(app, organizationId, people.org_admin, email, "client")),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
    const rows = await sql`select id, status from invitation where email = ${email} order by id`;
    expect(rows.map(({ status }) => status)).toEqual(["revoked", "pending"]);
  });

  test.each(["active", "suspended"])("of a member that is %s there is none", async (status) => {
    const person = await createPerson(app);
    await join(app, organizationId, person, "client");
    await sql`update member set status = ${status} where user_id = ${person.userId}`;
    const answer = await invite(app, organizationId, people.org_admin, person.email, "coach");
    expect(answer).toMatchObject({ status: 409, json: { code: "conflict" } });
  });

  test("a platform admin's address is invited like anybody's, a forgotten membership of theirs included", async () => {
    await join(app, organizationId, platformAdmin, "client");
    const answer = await invite(app, organizationId, people.org_admin, platformAdmin.email, "client");
    expect(answer).toMatchObject({ status: 201, json: { email: platformAdmin.email, status: "pending" } });
  });
});

test.each([
  [{ email: "nobody", role: "client" }, "email"],
  [{ email: "a@b.test", role: "platform_admin" }, "role"],
  [{ email: "a@b.test" }, "role"],
  [{ email: "a@b.test", role: "client", token: "x" }, "token"],
])("%j is invalid", async (body, field) => {
  const answer = await call(app, "POST", pathOf(organizationId), { token: people.org_admin.token, body });
  expect(answer).toMatchObject({ status: 400, json: { code: "validation_failed", details: [{ field }] } });
});

test("an organization that sent its 1000 invitations of the day is told when to go on", async () => {
  const other = await createTenant(app);
  const key = `invitations:${other.organizationId}`;
  for (let i = 0; i < 1000; i++) await app.deps.limiter.consume(key, { max: 1000, window: 86_400 });
  const email = newAddress();
  const answer = await invite(app, other.organizationId, other.people.org_admin, email);
  expect(answer).toMatchObject({
    status: 429,
    json: { code: "rate_limited", limit: 1000, window: "1440 minutes", retryAfter: expect.any(String) },
  });
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(80_000);
  expect(await sql`select id from invitation where email = ${email}`).toHaveLength(0);
});

test("creating an organization with an adminEmail invites that address as org_admin, or creates nothing", async () => {
  const email = newAddress();
  const slug = `s-${crypto.randomUUID().slice(0, 8)}`;
  const body = { name: "Fresh", slug, adminEmail: ` ${email.toUpperCase()}` };
  const created = await call(app, "POST", "/api/v1/organizations", { token: platformAdmin.token, body });
  expect(created.status).toBe(201);
  const listed = await call(app, "GET", pathOf(created.json.id), { token: platformAdmin.token });
  expect(listed.json.data).toMatchObject([{ email, role: "org_admin", status: "pending" }]);
  expect((await mailsTo(app, email)).map(({ text }) => text).join()).toContain("Fresh");

  const stale = await createPlatformAdmin(app);
  await makeStale(app, stale);
  const refused = await call(app, "POST", "/api/v1/organizations", {
    token: stale.token,
    body: { ...body, slug: `${slug}-2` },
  });
  expect(refused).toMatchObject({ status: 403, json: { code: "step_up_required" } });
  expect(await sql`select id from organization where slug = ${`${slug}-2`}`).toHaveLength(0);
});

test("who creates their own organization may name another admin, but not themselves", async () => {
  const founder = await createPerson(app);
  const create = (slug: string, adminEmail: string) =>
    call(selfService, "POST", "/api/v1/organizations", {
      token: founder.token,
      body: { name: "Mine", slug, adminEmail },
    });
  const slug = `o-${crypto.randomUUID().slice(0, 8)}`;
  const email = newAddress();
  expect((await create(slug, email)).status).toBe(201);
  expect(await sql`select role from invitation where email = ${email}`).toEqual([{ role: "org_admin" }]);
  expect(await create(`${slug}-2`, founder.email)).toMatchObject({ status: 409, json: { code: "conflict" } });
  expect(await sql`select id from organization where slug = ${`${slug}-2`}`).toHaveLength(0);
});
