import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "../db/migrate.ts";
import { defaultMigrationsFolder } from "../db/schema-state.ts";

interface Journal {
  readonly entries: readonly { readonly when: number }[];
}

/**
 * Brings an empty database to the state that a backup was made in, so that later migrations meet its rows as they would
 * have met them there.
 *
 * @throws when the backup has been through a migration that this release does not know
 */
export async function migrateTo(migrations: readonly number[], ownerUrl: string): Promise<void> {
  const all = defaultMigrationsFolder();
  const journal = JSON.parse(await readFile(join(all, "meta/_journal.json"), "utf8")) as Journal;
  const known = new Set(journal.entries.map(({ when }) => when));
  if (migrations.length === 0 || migrations.some((when) => !known.has(when)))
    throw new Error(
      "The backup was made by a later release: restore it with that one, or a later one still.",
    );
  const wanted = new Set(migrations);
  const folder = await mkdtemp(join(tmpdir(), "coaching-app-migrations-"));
  try {
    await cp(all, folder, { recursive: true });
    const entries = journal.entries.filter(({ when }) => wanted.has(when));
    await writeFile(join(folder, "meta/_journal.json"), JSON.stringify({ ...journal, entries }));
    await migrate({ ownerUrl, folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
