import postgres from "postgres";
import { expect, test } from "vitest";
import { migrate } from "../../src/db/migrate.ts";
import { defaultMigrationsFolder, expectedMigrations, schemaState } from "../../src/db/schema-state.ts";
import { testDatabase } from "../harness/database.ts";
import { queryable } from "../harness/queryable.ts";
import { emptyDatabase, migrationsFolder } from "./migrations.ts";

const ten = Array.from({ length: 10 });
const newest = expectedMigrations(defaultMigrationsFolder()).length;

test.each([
  ["a new database", emptyDatabase, undefined, newest],
  [
    "one with data",
    testDatabase,
    migrationsFolder(newest, { next: 'CREATE TABLE "once" ("id" uuid PRIMARY KEY);' }),
    newest + 1,
  ],
] as const)("ten instances that start at once migrate %s once", async (_, create, folder, count) => {
  const { ownerUrl } = await create();
  await Promise.all(ten.map(() => migrate({ ownerUrl, folder })));
  const sql = postgres(ownerUrl, { max: 1 });
  const applied = await sql`
    select count(*)::int as n, count(distinct created_at)::int as different from drizzle.__drizzle_migrations`;
  expect(applied).toEqual([{ n: count, different: count }]);
  expect(await schemaState(queryable(sql), folder)).toBe("current");
  await sql.end();
});
