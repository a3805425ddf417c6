import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createPlatformAdmin, createTenant, type Person } from "../harness/client.ts";
import { invite, mailsTo, newAddress } from "./inbox.ts";

const app = await startTestApp({ worker: false, env: { ORGANIZATION_SIGNUP: "open" } });
const { sql } = app.deps.database;

const create = (by: Person) => {
  const slug = `o-${crypto.randomUUID()}`.slice(0, 20);
  return call(app, "POST", "/api/v1/organizations", { token: by.token, body: { name: "Own", slug } });
};

test("of 30 organizations at once a person gets ten, and a platform admin all", async () => {
  const [person, admin] = [await createPerson(app), await createPlatformAdmin(app)];
  const answers = await Promise.all(Array.from({ length: 30 }, () => create(person)));
  const refused = answers.filter(({ status }) => status === 429);
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
  expect(refused).toHaveLength(20);
  expect(Number(refused[0]?.headers.get("retry-after"))).toBeGreaterThan(80_000);
  expect(await sql`select 1 from member where user_id = ${person.userId}`).toHaveLength(10);
  for (let made = 0; made < 12; made++) expect((await create(admin)).status).toBe(201);
});

test("a thousand mails a day are a person's in all organizations together", async () => {
  const person = await createPerson(app);
  const [first, second] = [await create(person), await create(person)];
  const key = `invitations-by:${person.userId}`;
  for (let sent = 0; sent < 999; sent++)
    await app.deps.limiter.consume(key, { max: 1000, window: 24 * 60 * 60 });
  expect((await invite(app, first.json.id, person, newAddress())).status).toBe(201);
  const email = newAddress();
  expect(await invite(app, second.json.id, person, email)).toMatchObject({
    status: 429,
    json: { code: "rate_limited" },
  });
  expect(await mailsTo(app, email)).toEqual([]);
});

test("where addresses are verified, an address that is not invites nobody", async () => {
  const strict = await startTestApp({
    worker: false,
    database: app.database,
    env: { REQUIRE_EMAIL_VERIFICATION: "true" },
  });
  const { organizationId, people } = await createTenant(app);
  const { org_admin: admin } = people;
  await sql`update "user" set email_verified = false where id = ${admin.userId}`;
  expect((await invite(app, organizationId, admin, newAddress())).status).toBe(201);
  const email = newAddress();
  expect((await invite(strict, organizationId, admin, email)).status).toBe(403);
  expect(await mailsTo(app, email)).toEqual([]);
  await sql`update "user" set email_verified = true where id = ${admin.userId}`;
  expect((await invite(strict, organizationId, admin, email)).status).toBe(201);
});
