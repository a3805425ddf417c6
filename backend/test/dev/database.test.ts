import postgres from "postgres";
import { afterAll, describe, expect, test } from "vitest";
import { migrate } from "../../src/db/migrate.ts";
import { createRoles } from "../../src/db/roles.ts";
import { schemaState } from "../../src/db/schema-state.ts";
import { testDatabase } from "../harness/database.ts";
import { queryable } from "../harness/queryable.ts";

const database = await testDatabase();
const app = postgres(database.appUrl, { max: 2, onnotice: () => {} });
const superuser = postgres(database.superUrl, { max: 1, onnotice: () => {} });
afterAll(() => Promise.all([app.end(), superuser.end()]));

/** The SQLSTATE a statement fails with. */
const failure = (query: Promise<unknown>) =>
  query.then(
    () => "no failure",
    (error: postgres.PostgresError) => error.code,
  );

/** A database nothing has been migrated in yet, as a first installation finds it. */
async function emptyDatabase(name: string): Promise<string> {
  await superuser`create database ${superuser(name)} owner coaching_owner`;
  return Object.assign(new URL(database.ownerUrl), { pathname: `/${name}` }).href;
}

describe("the application's role", () => {
  test("reads and writes rows", async () => {
    await app`insert into organization (id, name, slug) values (gen_random_uuid(), 'Acme', 'acme')`;
    expect(await app`select name from organization`).toEqual([{ name: "Acme" }]);
  });

  test("cannot define anything", async () => {
    expect(await failure(app`create table mine (id int)`)).toBe("42501");
    expect(await failure(app`create schema mine`)).toBe("42501");
    expect(await failure(app`create temporary table mine (id int)`)).toBe("42501");
    expect(await failure(app`alter table organization add column mine int`)).toBe("42501");
  });

  test("cannot change or delete what was audited", async () => {
    expect(await failure(app`update audit_event set action = 'other'`)).toBe("42501");
    expect(await failure(app`delete from audit_event`)).toBe("42501");
  });

  test("gets rows of tables that later migrations add", async () => {
    const owner = postgres(database.ownerUrl, { max: 1 });
    await owner`create table later (id int)`;
    await owner.end();
    expect(await app`select * from later`).toEqual([]);
  });

  test("is let in while other roles are not", async () => {
    const [row] = await superuser`
      select has_database_privilege('coaching_app', current_database(), 'connect') as app,
        exists (select 1 from aclexplode((select datacl from pg_database where datname = current_database()))
          where grantee = 0) as everyone`;
    expect(row).toEqual({ app: true, everyone: false });
  });
});

describe("createRoles", () => {
  test("can be repeated with the same passwords", async () => {
    const password = (url: string) => new URL(url).password;
    const name = new URL(database.appUrl).pathname.slice(1);
    await createRoles(queryable(superuser), {
      ownerPassword: password(database.ownerUrl),
      appPassword: password(database.appUrl),
      database: name,
    });
    const again = postgres(database.appUrl, { max: 1 });
    expect(await again`select current_user::text as role`).toEqual([{ role: "coaching_app" }]);
    await again.end();
  });
});

describe("migrate", () => {
  test("runs each migration once when many instances start together", async () => {
    const ownerUrl = await emptyDatabase("migrated_together");
    await Promise.all(Array.from({ length: 10 }, () => migrate({ ownerUrl })));
    const owner = postgres(ownerUrl, { max: 1 });
    const rows = await owner`select hash, count(*)::int as n from drizzle.__drizzle_migrations group by hash`;
    await owner.end();
    await superuser`drop database migrated_together with (force)`;
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every((row) => row.n === 1)).toBe(true);
  });
});

describe("schemaState", () => {
  test("is current for the application's role after migrating", async () => {
    expect(await schemaState(queryable(app))).toBe("current");
  });

  test("is behind in an empty database", async () => {
    const ownerUrl = await emptyDatabase("never_migrated");
    const owner = postgres(ownerUrl, { max: 1 });
    expect(await schemaState(queryable(owner))).toBe("behind");
    await owner.end();
    await superuser`drop database never_migrated with (force)`;
  });

  test("is ahead once a newer release has migrated", async () => {
    await superuser`insert into drizzle.__drizzle_migrations (hash, created_at) values ('next', 9999999999999)`;
    expect(await schemaState(queryable(app))).toBe("ahead");
    await superuser`delete from drizzle.__drizzle_migrations where hash = 'next'`;
  });
});
