import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Queryable } from "./client.ts";

export type SchemaState = "current" | "behind" | "ahead";

/** The folder of migrations: beside the bundle where this is bundled, at the root of the repository otherwise. */
export function defaultMigrationsFolder(): string {
  const bundled = fileURLToPath(new URL("./drizzle", import.meta.url));
  return existsSync(bundled) ? bundled : fileURLToPath(new URL("../../../drizzle", import.meta.url));
}

interface Migration {
  /** When it was made, in ms: what the database remembers it by. */
  readonly when: number;
  readonly tag: string;
}

/** The migrations this build brings, oldest first. */
export function expectedMigrations(folder: string): readonly Migration[] {
  const journal = JSON.parse(readFileSync(join(folder, "meta/_journal.json"), "utf8")) as {
    entries: readonly Migration[];
  };
  return journal.entries;
}

/** undefined_table, invalid_schema_name, insufficient_privilege: the migration that grants the right has not run. */
const notMigratedYet = new Set(["42P01", "3F000", "42501"]);

/** When each applied migration was made; none in a database that was never migrated. */
export async function appliedMigrations(database: Queryable): Promise<ReadonlySet<number>> {
  try {
    const { rows } = await database.query<{ created_at: string }>({
      text: "select created_at from drizzle.__drizzle_migrations",
    });
    return new Set(rows.map((row) => Number(row.created_at)));
  } catch (error) {
    if (error instanceof Error && notMigratedYet.has(String((error as { code?: unknown }).code)))
      return new Set();
    throw error;
  }
}

/**
 * Compares the database with the migrations this build brings. `behind`: some have not run, the server must not
 * start. `ahead`: a newer release has migrated already, which this one tolerates (migrations only ever expand).
 *
 * @param database a connection of either role
 */
export async function schemaState(
  database: Queryable,
  folder = defaultMigrationsFolder(),
): Promise<SchemaState> {
  const expected = expectedMigrations(folder);
  const applied = await appliedMigrations(database);
  if (expected.some(({ when }) => !applied.has(when))) return "behind";
  return applied.size > expected.length ? "ahead" : "current";
}
