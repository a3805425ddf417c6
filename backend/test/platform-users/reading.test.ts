import { v7 as uuidv7 } from "uuid";
import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createPlatformAdmin, createTenant } from "../harness/client.ts";
import { pathOf } from "./users.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const admin = await createPlatformAdmin(app);
const { organizationId, people } = await createTenant(app);

const list = (query: Record<string, string> = {}, token = admin.token) =>
  call(app, "GET", `/api/v1/platform/users?${new URLSearchParams(query)}`, { token });
const emails = async (query: Record<string, string>) =>
  (await list(query)).json.data.map((row: { email: string }) => row.email).sort();

test("a user is exactly these fields, in the list and alone, with the version as ETag", async () => {
  const [membership] = await sql`
    select m.id, o.slug from member m join organization o on o.id = m.organization_id
    where m.user_id = ${people.coach.userId}`;
  const expected = {
    id: people.coach.userId,
    email: people.coach.email,
    name: "The coach",
    emailVerified: true,
    globalRole: null,
    twoFactorEnabled: false,
    bannedAt: null,
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    version: 1,
    memberships: [
      {
        memberId: membership?.id,
        organizationId,
        organizationName: `Tenant ${membership?.slug}`,
        organizationSlug: membership?.slug,
        role: "coach",
        status: "active",
      },
    ],
  };
  const { json, headers } = await call(app, "GET", pathOf(people.coach.userId), { token: admin.token });
  expect(json).toEqual(expected);
  expect(headers.get("etag")).toBe('"v1"');
  expect((await list({ q: people.coach.email })).json.data).toEqual([expected]);
});

test("memberships that ended and organizations that were deleted are left out", async () => {
  const gone = await createTenant(app);
  const memberships = async (userId: string) =>
    (await call(app, "GET", pathOf(userId), { token: admin.token })).json.memberships;
  await sql`update member set status = 'removed' where user_id = ${gone.people.client.userId}`;
  expect(await memberships(gone.people.client.userId)).toEqual([]);
  await sql`update member set status = 'suspended' where user_id = ${gone.people.coach.userId}`;
  expect(await memberships(gone.people.coach.userId)).toMatchObject([{ status: "suspended" }]);
  await sql`update organization set deleted_at = now() where id = ${gone.organizationId}`;
  expect(await memberships(gone.people.coach.userId)).toEqual([]);
});

test("q looks in names and addresses, in any case and script; wildcards are letters", async () => {
  const odd = await createPerson(app, "Élodie 100%_sure");
  expect(await emails({ q: "éLODIE" })).toEqual([odd.email]);
  expect(await emails({ q: "100%_" })).toEqual([odd.email]);
  expect(await emails({ q: "%" })).toEqual([odd.email]);
  expect(await emails({ q: odd.email.toUpperCase() })).toEqual([odd.email]);
  expect(await emails({ q: "nobody" })).toEqual([]);
  for (const bad of [{ q: "x".repeat(101) }, { q: "\0" }, { limit: "0" }, { cursor: "x" }, { role: "coach" }])
    expect((await list(bad as Record<string, string>)).status).toBe(400);
});

test("every page, however deep, costs two statements, and the pages hold everybody once, newest first", async () => {
  const ids = Array.from({ length: 240 }, () => uuidv7());
  await sql`insert into "user" ${sql(ids.map((id) => ({ id, name: "Many", email: `${id}@example.test` })))}`;
  const seen: string[] = [];
  const costs = new Set<number>();
  let cursor: string | null = null;
  do {
    app.statements.length = 0;
    const { json } = await list({ q: "many", limit: "50", ...(cursor && { cursor }) });
    costs.add(app.statements.length);
    seen.push(...json.data.map((row: { id: string }) => row.id));
    cursor = json.page.nextCursor;
  } while (cursor);
  expect([...costs]).toEqual([2]);
  expect(seen).toEqual(ids.sort().reverse());
});

test("a cursor is good only for its filter and caller", async () => {
  const other = await createPlatformAdmin(app);
  const { nextCursor: cursor } = (await list({ limit: "1" })).json.page;
  expect((await list({ limit: "1", cursor })).status).toBe(200);
  const foreign = [await list({ cursor, q: "a" }), await list({ cursor }, other.token)];
  for (const { status, json } of foreign) expect([status, json.code]).toEqual([400, "invalid_cursor"]);
});

test("nobody else reads any of it, and an id that nobody has is 404", async () => {
  for (const { token } of Object.values(people)) {
    expect((await list({}, token)).status).toBe(403);
    expect((await call(app, "GET", pathOf(people.client.userId), { token })).status).toBe(403);
    expect((await call(app, "GET", pathOf(uuidv7()), { token })).status).toBe(403);
  }
  for (const id of [uuidv7(), "nonsense", organizationId])
    expect((await call(app, "GET", pathOf(id), { token: admin.token })).status).toBe(404);
});
