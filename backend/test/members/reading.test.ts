import { v7 as uuidv7 } from "uuid";
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
import { memberIdOf, pathOf } from "./members.ts";

const app = await startTestApp();
const { sql } = app.deps.database;
const platformAdmin = await createPlatformAdmin(app);
const home = await createTenant(app);
const { organizationId, people } = home;
const otherClient = await createPerson(app, "Other Client");
await join(app, organizationId, otherClient, "client");
const otherCoach = await createPerson(app, "Other Coach");
await join(app, organizationId, otherCoach, "coach");
const hiddenAdmin = await createPlatformAdmin(app);
await join(app, organizationId, hiddenAdmin, "client");

const emails = async (token: string, query = "") =>
  (await call(app, "GET", pathOf(organizationId, query), { token })).json.data
    .map((row: { email: string }) => row.email)
    .sort();
const sorted = (...persons: Person[]) => persons.map(({ email }) => email).sort();
const staff = [people.org_admin, people.manager];
const everyone = [...staff, people.coach, otherCoach, people.client, otherClient];

test("the list holds exactly whom the caller may know of, and platform admins only for their like", async () => {
  for (const { token } of staff) expect(await emails(token)).toEqual(sorted(...everyone));
  expect(await emails(people.coach.token)).toEqual(sorted(people.coach, otherCoach));
  expect(await emails(people.client.token)).toEqual(sorted(people.client));
  expect(await emails(platformAdmin.token)).toEqual(sorted(...everyone, hiddenAdmin));
  expect(await emails(hiddenAdmin.token)).toEqual(sorted(...everyone, hiddenAdmin));
});

test("clients see the coaches where the organization shows them", async () => {
  await sql`update organization set clients_see_directory = true where id = ${organizationId}`;
  const coach = pathOf(organizationId, `/${await memberIdOf(app, organizationId, people.coach)}`);
  expect(await emails(people.client.token)).toEqual(sorted(people.client, people.coach, otherCoach));
  expect((await call(app, "GET", coach, { token: people.client.token })).status).toBe(403);
  await sql`update organization set clients_see_directory = false where id = ${organizationId}`;
  expect((await call(app, "GET", coach, { token: people.client.token })).status).toBe(404);
});

test("detail is for oneself and those below, and what one may not know of is like a random id", async () => {
  const expected: Record<string, Record<string, number>> = {
    org_admin: {
      org_admin: 200,
      manager: 200,
      coach: 200,
      otherCoach: 200,
      client: 200,
      otherClient: 200,
      hidden: 404,
    },
    manager: {
      org_admin: 403,
      manager: 200,
      coach: 200,
      otherCoach: 200,
      client: 200,
      otherClient: 200,
      hidden: 404,
    },
    coach: {
      org_admin: 404,
      manager: 404,
      coach: 200,
      otherCoach: 403,
      client: 404,
      otherClient: 404,
      hidden: 404,
    },
    client: {
      org_admin: 404,
      manager: 404,
      coach: 404,
      otherCoach: 404,
      client: 200,
      otherClient: 404,
      hidden: 404,
    },
    platform: {
      org_admin: 200,
      manager: 200,
      coach: 200,
      otherCoach: 200,
      client: 200,
      otherClient: 200,
      hidden: 200,
    },
  };
  const targets: Record<string, Person> = { ...people, otherCoach, otherClient, hidden: hiddenAdmin };
  const callers: Record<string, Person> = { ...people, platform: platformAdmin };
  const seen: Record<string, Record<string, number>> = {};
  for (const [caller, { token }] of Object.entries(callers)) {
    seen[caller] = {};
    for (const [target, person] of Object.entries(targets)) {
      const path = pathOf(organizationId, `/${await memberIdOf(app, organizationId, person)}`);
      seen[caller][target] = (await call(app, "GET", path, { token })).status;
    }
  }
  expect(seen).toEqual(expected);
});

test("a stranger, a foreign row, a random id and a malformed one get the same answer", async () => {
  const foreign = await createTenant(app);
  const token = people.org_admin.token;
  const theirs = await memberIdOf(app, foreign.organizationId, foreign.people.client);
  const bodies = await Promise.all(
    [
      pathOf(organizationId, `/${theirs}`),
      pathOf(organizationId, `/${crypto.randomUUID()}`),
      pathOf(organizationId, "/nonsense"),
      pathOf(foreign.organizationId, `/${theirs}`),
      pathOf(foreign.organizationId),
      pathOf(crypto.randomUUID()),
    ].map(async (path) => {
      const { status, json } = await call(app, "GET", path, { token });
      return { status, ...json, instance: null, requestId: null };
    }),
  );
  expect(bodies[0]).toMatchObject({ status: 404, code: "not_found" });
  for (const body of bodies) expect(body).toEqual(bodies[0]);
  const missing = await call(app, "GET", pathOf(crypto.randomUUID()), { token: platformAdmin.token });
  expect(missing.status).toBe(404);
});

test("a member is exactly its nine fields, with the version as ETag", async () => {
  const memberId = await memberIdOf(app, organizationId, people.coach);
  const path = pathOf(organizationId, `/${memberId}`);
  const token = people.org_admin.token;
  const { json, headers } = await call(app, "GET", path, { token });
  expect(json).toEqual({
    id: memberId,
    userId: people.coach.userId,
    organizationId,
    name: "The coach",
    email: people.coach.email,
    role: "coach",
    status: "active",
    joinedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    version: 1,
  });
  expect(headers.get("etag")).toBe('"v1"');
  const again = { token, headers: { "if-none-match": '"v1"' } };
  expect((await call(app, "GET", path, again)).status).toBe(304);
  const renamed = await call(app, "PATCH", "/api/v1/me", {
    token: people.coach.token,
    body: { name: "Renamed Coach" },
  });
  expect(renamed.status).toBe(200);
  expect(await call(app, "GET", path, again)).toMatchObject({ status: 200, json: { name: "Renamed Coach" } });
});

test("filters narrow the list; wildcards in q are letters, and case does not matter in any script", async () => {
  const tenant = await createTenant(app);
  const admin = tenant.people.org_admin;
  for (const name of ["Élodie 100%_sure", "Back\\slash", "Plain"]) {
    await join(app, tenant.organizationId, await createPerson(app, name), "client");
  }
  const names = async (query: Record<string, string>) => {
    const answer = await call(app, "GET", pathOf(tenant.organizationId, `?${new URLSearchParams(query)}`), {
      token: admin.token,
    });
    return answer.json.data.map((row: { name: string }) => row.name).sort();
  };
  expect(await names({ q: "éLODIE" })).toEqual(["Élodie 100%_sure"]);
  expect(await names({ q: "%" })).toEqual(["Élodie 100%_sure"]);
  expect(await names({ q: "_" })).toEqual(["The org_admin", "Élodie 100%_sure"]);
  expect(await names({ q: "\\" })).toEqual(["Back\\slash"]);
  expect(await names({ q: admin.email.toUpperCase() })).toEqual(["The org_admin"]);
  expect(await names({ q: "nobody" })).toEqual([]);
  expect(await names({ role: "coach" })).toEqual(["The coach"]);
  expect(await names({ status: "suspended" })).toEqual([]);
  for (const bad of [
    { role: "king" },
    { status: "removed" },
    { q: "x".repeat(101) },
    { q: "\0" },
    { limit: "0" },
    { cursor: "x" },
    { sort: "name" },
  ] as Record<string, string>[]) {
    const path = pathOf(tenant.organizationId, `?${new URLSearchParams(bad)}`);
    expect((await call(app, "GET", path, { token: admin.token })).status).toBe(400);
  }
});

test("every page, however deep, costs two statements, and the pages hold everybody once, newest first", async () => {
  const tenant = await createTenant(app);
  const ids = Array.from({ length: 240 }, () => ({ user: uuidv7(), member: uuidv7() }));
  await sql`insert into "user" ${sql(ids.map(({ user }) => ({ id: user, name: "Many", email: `${user}@example.test` })))}`;
  await sql`insert into member ${sql(
    ids.map((id) => ({
      id: id.member,
      organization_id: tenant.organizationId,
      user_id: id.user,
      role: "client",
    })),
  )}`;
  const token = tenant.people.manager.token;
  const seen: string[] = [];
  const costs = new Set<number>();
  let cursor: string | null = null;
  do {
    app.statements.length = 0;
    const query = `?role=client&q=many&limit=50${cursor ? `&cursor=${cursor}` : ""}`;
    const { json } = await call(app, "GET", pathOf(tenant.organizationId, query), { token });
    costs.add(app.statements.length);
    seen.push(...json.data.map((row: { id: string }) => row.id));
    cursor = json.page.nextCursor;
    expect(json.page.hasMore).toBe(cursor !== null);
  } while (cursor);
  expect([...costs]).toEqual([2]);
  expect(seen).toEqual(
    ids
      .map((id) => id.member)
      .sort()
      .reverse(),
  );
});

test("a cursor is good only for its organization, filter and caller", async () => {
  const token = people.org_admin.token;
  const first = await call(app, "GET", pathOf(organizationId, "?limit=1"), { token });
  const { nextCursor } = first.json.page;
  const ask = (who: string, query: string) =>
    call(app, "GET", pathOf(organizationId, `?limit=1&cursor=${nextCursor}${query}`), { token: who });
  expect((await ask(token, "")).status).toBe(200);
  expect(await ask(token, "&role=coach")).toMatchObject({ status: 400, json: { code: "invalid_cursor" } });
  expect(await ask(people.manager.token, "")).toMatchObject({
    status: 400,
    json: { code: "invalid_cursor" },
  });
});
