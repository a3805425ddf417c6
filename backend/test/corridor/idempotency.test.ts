import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import {
  call,
  createPerson,
  createPlatformAdmin,
  createTenant,
  type Person,
  password,
} from "../harness/client.ts";
import { serveConfigured } from "./configured.ts";

const app = await startTestApp({ worker: false, env: { ORGANIZATION_SIGNUP: "open" } });
// Without a limit on the organizations of a day.
const person = await createPlatformAdmin(app);
const { sql } = app.deps.database;

interface Post {
  readonly key: string;
  readonly slug?: string;
  readonly body?: unknown;
  readonly by?: Person;
  readonly at?: { url: string };
  readonly path?: string;
}

const post = ({ key, slug, body, by = person, at = app, path = "/api/v1/organizations" }: Post) =>
  call(at, "POST", path, {
    token: by.token,
    body: body ?? { name: "Once", slug },
    headers: { "idempotency-key": key },
  });
const fresh = () => ({ key: randomUUID(), slug: `s-${randomUUID()}` });
const countOf = async (slug: string): Promise<number> =>
  (await sql`select 1 from organization where slug = ${slug}`).length;

test("the same key and body get the first answer again", async () => {
  const one = fresh();
  const first = await post(one);
  const again = await post(one);
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(first.headers.get("idempotency-replayed")).toBeNull();
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(again.text).toBe(first.text);
  for (const name of ["content-type", "location", "etag"])
    expect(again.headers.get(name), name).toBe(first.headers.get(name));
  expect(again.headers.get("location")).not.toBeNull();
  expect(again.headers.get("cache-control")).toBe("no-store");
  expect(again.headers.get("x-request-id")).not.toBe(first.headers.get("x-request-id"));
});

test("both aliases are one route", async () => {
  const one = fresh();
  await post(one);
  const again = await post({ ...one, path: "/api/organizations" });
  expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
});

test("the same key with another body is 422 idempotency_mismatch", async () => {
  const one = fresh();
  await post(one);
  const { status, json } = await post({ ...one, slug: fresh().slug });
  expect([status, json.code]).toEqual([422, "idempotency_mismatch"]);
});

test("of twenty equal requests at the same time one makes an organization", async () => {
  const one = fresh();
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(one)));
  expect(await countOf(one.slug)).toBe(1);
  expect(answers.filter(({ status }) => status !== 201 && status !== 409)).toEqual([]);
  const made = answers.filter(({ status }) => status === 201);
  expect(new Set(made.map(({ json }) => json.id)).size).toBe(1);
  expect(made.filter(({ headers }) => headers.get("idempotency-replayed") === null)).toHaveLength(1);
  for (const { headers } of answers.filter(({ status }) => status === 409))
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
});

test("a refusal by state is a final answer and replayed", async () => {
  const taken = fresh();
  await post(taken);
  const clash = { key: randomUUID(), slug: taken.slug };
  expect((await post(clash)).status).toBe(409);
  await sql`update organization set slug = ${`moved-${randomUUID().slice(0, 8)}`} where slug = ${taken.slug}`;
  const again = await post(clash);
  expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([409, "true"]);
});

test("the same key of another user is another request", async () => {
  const one = fresh();
  await post(one);
  const stranger = await post({ key: one.key, slug: fresh().slug, by: await createPerson(app) });
  expect([stranger.status, stranger.headers.get("idempotency-replayed")]).toEqual([201, null]);
});

test("the same key on another route is another request", async () => {
  const one = fresh();
  const { id } = (await post(one)).json;
  const invite = { email: "one@example.test", role: "client" };
  const elsewhere = await post({
    key: one.key,
    body: invite,
    path: `/api/v1/organizations/${id}/invitations`,
  });
  expect([elsewhere.status, elsewhere.headers.get("idempotency-replayed")]).toEqual([201, null]);
});

test("a 403 is not kept: who is allowed later succeeds with the same key", async () => {
  const closed = await serveConfigured(app, { auth: { ...app.config.auth, organizationSignup: "closed" } });
  const one = { ...fresh(), by: await createPerson(app) };
  expect((await post({ ...one, at: closed })).status).toBe(403);
  expect((await post(one)).status).toBe(201);
});

test("a 401 and a 429 are not kept", async () => {
  const one = fresh();
  const headers = { "idempotency-key": one.key };
  const anonymous = await call(app, "POST", "/api/v1/organizations", {
    body: { name: "Once", slug: one.slug },
    headers,
  });
  expect(anonymous.status).toBe(401);
  const tight = await serveConfigured(app, {
    limits: { ...app.config.limits, write: { max: 1, window: 60 } },
  });
  expect((await post({ ...fresh(), at: tight })).status).toBe(201);
  expect((await post({ ...one, at: tight })).status).toBe(429);
  expect((await post(one)).status).toBe(201);
});

test("while the first still runs it is 409 with Retry-After; when its process died, the lease ends", async () => {
  const one = fresh();
  await post(one);
  const unfinished = sql`
    update idempotency_record set status = null, headers = null, body = null, lease_until = now() + interval '30 s'
    where key = ${one.key}`;
  await unfinished;
  const running = await post(one);
  expect([running.status, running.json.code]).toEqual([409, "conflict"]);
  expect(Number(running.headers.get("retry-after"))).toBeGreaterThan(0);
  await sql`update idempotency_record set lease_until = now() - interval '1 s' where key = ${one.key}`;
  await sql`update organization set slug = ${`gone-${randomUUID().slice(0, 8)}`} where slug = ${one.slug}`;
  const retried = await post(one);
  expect([retried.status, retried.headers.get("idempotency-replayed")]).toEqual([201, null]);
});

test("a new record is leased for a minute and kept for a day", async () => {
  const one = fresh();
  await post(one);
  await sql`update idempotency_record set created_at = now() - interval '25 hours' where key = ${one.key}`;
  const later = await post({ ...one, slug: fresh().slug });
  expect([later.status, later.headers.get("idempotency-replayed")]).toEqual([201, null]);
});

test.each(["", " ", "a b", "x".repeat(256), "né", "a\tb"])("the key %j is refused", async (key) => {
  const { status, json } = await post({ key, slug: fresh().slug });
  expect([status, json.code]).toEqual([400, "validation_failed"]);
});

test.each(["x", "x".repeat(255), "~!@#$%^&*()_+{}|:<>?"])("the key %j is good", async (key) => {
  expect((await post({ key, slug: fresh().slug })).status).toBe(201);
});

test("other methods and unknown routes do not care", async () => {
  const { organizationId, people } = await createTenant(app);
  const headers = { "idempotency-key": randomUUID() };
  const token = people.org_admin.token;
  const path = `/api/v1/organizations/${organizationId}`;
  for (const name of ["One", "Two"])
    expect((await call(app, "PATCH", path, { token, headers, body: { name } })).json.name).toBe(name);
  expect((await call(app, "POST", "/api/v1/nothing", { token, headers, body: {} })).status).toBe(404);
});

test.each([
  ["/api/v1/me/step-up", { password }],
  ["/api/v1/me/keep-alive", {}],
])("%s answers about this moment and leaves nothing of its body behind", async (path, body) => {
  const key = randomUUID();
  for (let i = 0; i < 2; i++) {
    const answer = await post({ key, path, body });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("idempotency-replayed")).toBeNull();
  }
  expect(await sql`select 1 from idempotency_record where key = ${key}`).toHaveLength(0);
});
