import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { stepsOf } from "../../src/db/expand-only.ts";
import { readSteps } from "../../src/db/migration-plan.ts";
import { reviewedSteps } from "../../src/db/reviewed-steps.ts";
import { defaultMigrationsFolder, expectedMigrations } from "../../src/db/schema-state.ts";

const narrow = (migration: string) => stepsOf(migration).filter(({ narrows }) => narrows);

const folder = defaultMigrationsFolder();
// Before any release: 0000 to 0004 are one schema.
const sinceTheFirstRelease = expectedMigrations(folder).slice(5);

describe("the migrations of this repository", () => {
  test.each(sinceTheFirstRelease)("$tag lets the release before go on working", ({ tag }) => {
    const found = readSteps(folder, tag)
      .filter(({ narrows }) => narrows)
      .map(({ statement, narrows }) => ({ statement: `${tag}: ${statement}`, narrows }));
    expect(found).toEqual([]);
  });

  test("are all there, and each exception is still needed", () => {
    expect(sinceTheFirstRelease.length).toBeGreaterThan(3);
    const all = sinceTheFirstRelease.flatMap(({ tag }) =>
      narrow(readFileSync(join(folder, `${tag}.sql`), "utf8")).map(({ statement }) => `${tag}: ${statement}`),
    );
    expect(Object.keys(reviewedSteps).filter((key) => !all.includes(key))).toEqual([]);
  });
});

describe("what only expands", () => {
  test.each([
    'CREATE TABLE "note" ("id" uuid PRIMARY KEY, "drop" text, "type" text);',
    'CREATE TABLE "a" ("b" uuid);--> statement-breakpoint\nALTER TABLE "a" ADD CONSTRAINT "a_fk" FOREIGN KEY ("b") REFERENCES "public"."user"("id") ON DELETE set null;',
    'CREATE TABLE "a" ("b" uuid);--> statement-breakpoint\nCREATE UNIQUE INDEX "a_b" ON "a" USING btree ("b");',
    'ALTER TABLE "user" ADD COLUMN "type" text;',
    'ALTER TABLE "user" ADD COLUMN "n" integer DEFAULT 0 NOT NULL;',
    'ALTER TABLE "user" ADD COLUMN "n" integer; ALTER TABLE "user" ADD CONSTRAINT "c" CHECK ("user"."n" >= 0);',
    'CREATE TABLE "a" ("b" uuid); REVOKE INSERT ON "a" FROM coaching_app;',
    'CREATE INDEX "i" ON "user" USING btree ("name");',
    "-- DROP TABLE x;\nCOMMENT ON TABLE a IS 'to rename; drop it';",
    "/* RENAME */ CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM a; END $$;",
    "GRANT SELECT ON a TO coaching_app;",
  ])("%s", (migration) => {
    expect(narrow(migration)).toEqual([]);
  });
});

describe("what the release before may not survive", () => {
  test.each([
    'DROP TABLE "user";',
    'drop index "user_name_idx";',
    'ALTER TABLE "user" DROP COLUMN "name";',
    'ALTER TABLE "user" ADD COLUMN "a" text, DROP COLUMN "name";',
    'ALTER TABLE "user" ALTER COLUMN "name" SET NOT NULL;',
    'ALTER TABLE "user" ALTER COLUMN "name" DROP NOT NULL;',
    'ALTER TABLE "user" ALTER COLUMN "name" SET DATA TYPE integer;',
    'ALTER TABLE "user" ALTER "name" TYPE integer;',
    "ALTER TYPE pgboss.job_state ADD VALUE 'other';",
    'ALTER TABLE "user" RENAME COLUMN "name" TO "label";',
    'ALTER TABLE "user" RENAME TO "person";',
    'ALTER TABLE "user" ADD COLUMN "a" text NOT NULL;',
    'ALTER TABLE "user" ADD CONSTRAINT "c" CHECK ("user"."name" <> \'\');',
    'ALTER TABLE "user" ADD COLUMN "a" text; ALTER TABLE "user" ADD CONSTRAINT "c" CHECK ("a" <> "user"."name");',
    'ALTER TABLE "file" ADD CONSTRAINT "fk" FOREIGN KEY ("uploaded_by") REFERENCES "public"."user"("id");',
    'CREATE UNIQUE INDEX "i" ON "user" USING btree ("name");',
    "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f();",
    "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;",
    'UPDATE "user" SET "name" = upper("name");',
    "REVOKE INSERT ON a FROM coaching_app;",
    'REVOKE INSERT ON "user" FROM coaching_app;',
    "DO $$ BEGIN DROP TABLE a; END $$;",
    "TRUNCATE a;",
    "CREATE TABLE a (b int); -- and then\nDROP TABLE c",
  ])("%s", (migration) => {
    expect(narrow(migration)).toHaveLength(1);
  });
});
