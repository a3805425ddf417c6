import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterAll, describe, expect, test } from "vitest";
import { createPasswords } from "../../src/auth/password.ts";
import { migrateDatabase } from "../../src/coachctl/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { planMigrations } from "../../src/db/migration-plan.ts";
import { defaultMigrationsFolder, expectedMigrations } from "../../src/db/schema-state.ts";
import { refuseUnsafeDatabase } from "../../src/process/first-start.ts";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { testDatabase } from "../harness/database.ts";
import { queryable } from "../harness/queryable.ts";
import { emptyDatabase, migrationsFolder } from "./migrations.ts";

const newest = expectedMigrations(defaultMigrationsFolder()).length;

/** A database that `folder` has migrated; where it was before, of this release or new. */
async function migratedBy(folder: string, before: "today" | "nothing" = "today") {
  const database = await (before === "today" ? testDatabase() : emptyDatabase());
  await migrate({ ownerUrl: database.ownerUrl, folder });
  const owner = postgres(database.ownerUrl, { max: 1, onnotice: () => {} });
  const app = postgres(database.appUrl, { max: 1, onnotice: () => {} });
  afterAll(() => Promise.all([owner.end(), app.end()]));
  const start = () => refuseUnsafeDatabase({ config: { mode: "test" }, database: queryable(app) });
  return { database, owner, start };
}

async function coachctl(ownerUrl: string, ...words: string[]) {
  const lines: string[] = [];
  const exitCode = await migrateDatabase.run({
    environment: { DATABASE_URL: ownerUrl, DATABASE_OWNER_URL: ownerUrl },
    arguments: words,
    print: (text) => void lines.push(text),
    readLine: async () => "",
  });
  return { exitCode, text: lines.join("\n") };
}

/** Every row of every table of ours, as JSON. */
async function contents(sql: postgres.Sql): Promise<Map<string, Record<string, unknown>[]>> {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' order by 1`;
  const read = async (name: string) =>
    (await sql`select to_jsonb(t) as row from ${sql(name)} t order by to_jsonb(t)::text`).map(
      ({ row }) => row,
    );
  return new Map(await Promise.all(tables.map(async ({ name }) => [name, await read(name)] as const)));
}

const people = { admin: randomUUID(), coach: randomUUID(), invited: randomUUID() };
const organizationId = randomUUID();
const fileId = randomUUID();

/** Something in every table that the first schema had. */
async function fill(sql: postgres.Sql): Promise<void> {
  const hash = await createPasswords({ concurrency: 1 }).hash(password);
  await sql`insert into organization (id, name, slug, clients_see_directory)
    values (${organizationId}, 'Harbour Coaching', 'harbour', true)`;
  for (const [name, id] of Object.entries(people)) {
    const email = `${name}@example.test`;
    await sql`insert into "user" (id, name, email, email_verified) values (${id}, ${name}, ${email}, true)`;
    await sql`insert into account (id, account_id, provider_id, user_id, password)
      values (${randomUUID()}, ${id}, 'credential', ${id}, ${hash})`;
    await sql`insert into session (id, expires_at, token, user_id, client)
      values (${randomUUID()}, now() + interval '1 day', ${randomUUID()}, ${id}, 'web')`;
    await sql`insert into known_device (user_id, fingerprint) values (${id}, 'first')`;
  }
  for (const [id, role] of [
    [people.admin, "org_admin"],
    [people.coach, "coach"],
  ] as const)
    await sql`insert into member (id, organization_id, user_id, role)
      values (${randomUUID()}, ${organizationId}, ${id}, ${role})`;
  await sql`insert into invitation (id, organization_id, email, role, token_hash, expires_at, invited_by)
    values (${randomUUID()}, ${organizationId}, 'invited@example.test', 'client', 'x', now() + interval '1 day', ${people.admin})`;
  await sql`insert into file (id, target, organization_id, file_name, declared_type, size, sha256, uploaded_by, content_type, status)
    values (${fileId}, 'document', ${organizationId}, 'plan.pdf', 'application/pdf', 12, 'abc', ${people.admin}, 'application/pdf', 'ready')`;
  await sql`insert into upload_intent (id, file_id, storage_key, target, organization_id, file_name, declared_type, size, user_id, expires_at)
    values (${randomUUID()}, ${randomUUID()}, 'staging/x', 'document', ${organizationId}, 'b.pdf', 'application/pdf', 12, ${people.admin}, now() + interval '1 hour')`;
  await sql`insert into two_factor (id, secret, backup_codes, user_id, verified)
    values (${randomUUID()}, 's', 'c', ${people.invited}, false)`;
  await sql`insert into used_code (user_id, code_hash) values (${people.admin}, 'x')`;
  await sql`insert into verification (id, identifier, value, expires_at)
    values (${randomUUID()}, 'reset', 'x', now() + interval '1 hour')`;
  await sql`insert into idempotency_record (user_id, route, key, body_hash, status, body, lease_until)
    values (${people.admin}, 'POST /x', 'k', 'h', 201, '{}', now())`;
  await sql`insert into audit_event (id, organization_id, action, actor_type, actor_id, result)
    values (${randomUUID()}, ${organizationId}, 'member.joined', 'user', ${people.coach}, 'allowed')`;
  await sql`insert into audit_seal (id, organization_id, sequence, to_xid, to_id, events, previous_hash, hash)
    values (${randomUUID()}, ${randomUUID()}, 1, '1', ${randomUUID()}, 1, '', 'h')`;
}

describe("an installation of the first release with data", async () => {
  const old = await migratedBy(migrationsFolder(5), "nothing");
  await fill(old.owner);

  test("is too old for this release, which says what to do and does not start", async () => {
    await expect(old.start()).rejects.toThrow(/behind this release.*coachctl migrate/);
  });

  test("is told what would be done, statement by statement, and nothing is done", async () => {
    const { exitCode, text } = await coachctl(old.database.ownerUrl, "--plan");
    expect(text).toContain("0005_file_service: 6 ADD COLUMN, 3 CREATE INDEX, 1 ADD CONSTRAINT");
    expect(text).toContain(`${newest - 5} to run, in one transaction.`);
    expect({ exitCode, flagged: text.includes("NOT EXPAND-ONLY") }).toEqual({ exitCode: 0, flagged: false });
    expect((await planMigrations(queryable(old.owner))).pending).toHaveLength(newest - 5);
  });

  test("keeps every value through the upgrade, under constraints that hold, and works", async () => {
    const before = await contents(old.owner);
    expect([...before].filter(([, rows]) => rows.length === 0)).toEqual([]);
    expect((await coachctl(old.database.ownerUrl)).exitCode).toBe(0);
    const after = await contents(old.owner);
    for (const [table, rows] of before)
      expect([table, after.get(table)]).toEqual([table, rows.map((row) => expect.objectContaining(row))]);
    expect(
      await old.owner`
      select conname from pg_constraint where not convalidated and connamespace = 'public'::regnamespace`,
    ).toEqual([]);
    expect(await old.owner`select indexrelid::regclass from pg_index where not indisvalid`).toEqual([]);
    await old.start();

    const app = await startTestApp({ database: old.database });
    const signedIn = await call(app, "POST", "/api/auth/sign-in/email", {
      body: { email: "admin@example.test", password },
    });
    const { token } = signedIn.json;
    const organization = `/api/v1/organizations/${organizationId}`;
    const read = async (path: string) => (await call(app, "GET", path, { token })).json;
    expect(await read(organization)).toMatchObject({ name: "Harbour Coaching" });
    expect((await read(`${organization}/members`)).data).toHaveLength(2);
    expect((await read(`${organization}/invitations`)).data).toMatchObject([
      { email: "invited@example.test" },
    ]);
    expect((await read(`/api/v1/files?organizationId=${organizationId}`)).data).toMatchObject([
      { id: fileId, fileName: "plan.pdf" },
    ]);
    expect((await read(`${organization}/audit-events`)).data).toMatchObject([{ action: "member.joined" }]);
    const changed = await call(app, "POST", `${organization}/invitations`, {
      token,
      body: { email: "new@example.test", role: "coach" },
    });
    expect(changed.status).toBe(201);
    await app.close();
  });

  test("has nothing left to do afterwards", async () => {
    const { exitCode, text } = await coachctl(old.database.ownerUrl, "--plan");
    expect({ exitCode, text }).toEqual({ exitCode: 0, text: "The schema is up to date: nothing to do." });
  });
});

describe("a migration of the next release", async () => {
  const next = migrationsFolder(newest, {
    next_expands:
      'ALTER TABLE "user" ADD COLUMN "nickname" text;\nCREATE TABLE "next" ("id" uuid PRIMARY KEY);',
  });
  const ahead = await migratedBy(next);

  test("leaves this release able to start and work", async () => {
    await ahead.start();
    const app = await startTestApp({ database: ahead.database });
    const body = { name: "Late", email: "late@example.test", password };
    expect((await call(app, "POST", "/api/auth/sign-up/email", { body })).status).toBe(200);
    expect((await call(app, "GET", "/health/ready")).json.checks.migrations).toBe("ok");
    await app.close();
  });

  test("that takes something away is flagged before it runs", async () => {
    const folder = migrationsFolder(newest, {
      next_narrows: 'ALTER TABLE "user" DROP COLUMN "locale";\nCREATE INDEX "i" ON "user" ("name");',
    });
    const { owner } = await migratedBy(migrationsFolder(newest));
    const { pending } = await planMigrations(queryable(owner), folder);
    expect(pending).toMatchObject([
      {
        name: "next_narrows",
        steps: [{ kind: "DROP COLUMN", narrows: "takes something away" }, { kind: "CREATE INDEX" }],
      },
    ]);
    expect(pending[0]?.steps[1]).not.toHaveProperty("narrows");
  });

  test("that fails leaves nothing of itself or of those before it", async () => {
    const folder = migrationsFolder(newest, {
      next_works: 'CREATE TABLE "half" ("id" uuid);',
      next_fails: 'ALTER TABLE "missing" ADD COLUMN "a" text;',
    });
    const { owner, database } = await migratedBy(migrationsFolder(newest));
    await expect(migrate({ ownerUrl: database.ownerUrl, folder })).rejects.toThrow();
    expect(await owner`select to_regclass('half') as half`).toEqual([{ half: null }]);
    expect((await planMigrations(queryable(owner))).pending).toEqual([]);
  });
});

test("the plan of a new database flags nothing: no release runs there yet", async () => {
  const { ownerUrl } = await emptyDatabase();
  const { exitCode, text } = await coachctl(ownerUrl, "--plan");
  expect(text).toContain(`${newest} to run, in one transaction. The database is new.`);
  expect({ exitCode, flagged: text.includes("NOT EXPAND-ONLY") }).toEqual({ exitCode: 0, flagged: false });
});
