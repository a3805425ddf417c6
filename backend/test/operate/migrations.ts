import { randomUUID } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { inject } from "vitest";
import { ownDatabase } from "../../src/db/roles.ts";
import { defaultMigrationsFolder, expectedMigrations } from "../../src/db/schema-state.ts";
import { afterwards } from "../harness/afterwards.ts";
import type { TestDatabase } from "../harness/database.ts";

/** A database that nothing has been migrated in yet. Dropped after the file's last test. */
export async function emptyDatabase(): Promise<TestDatabase> {
  const template = inject("templateUrls");
  const name = `empty_${randomUUID().replaceAll("-", "")}`;
  const at = (url: string, database = name) => Object.assign(new URL(url), { pathname: `/${database}` }).href;
  const asSuperuser = async (work: (client: pg.Client) => Promise<unknown>) => {
    const client = new pg.Client(at(template.superUrl, "postgres"));
    await client.connect();
    await work(client).finally(() => client.end());
  };
  await asSuperuser(async (client) => {
    await client.query(`create database ${name}`);
    await ownDatabase(client, name);
  });
  const drop = () => asSuperuser((client) => client.query(`drop database if exists ${name} with (force)`));
  afterwards(drop);
  return {
    appUrl: at(template.appUrl),
    ownerUrl: at(template.ownerUrl),
    superUrl: at(template.superUrl),
    drop,
  };
}

/** The folder of migrations as a release with the first `count` of them had it, and with `more` of its own. */
export function migrationsFolder(count: number, more: Readonly<Record<string, string>> = {}): string {
  const all = defaultMigrationsFolder();
  const folder = mkdtempSync(join(tmpdir(), "coaching-migrations-"));
  afterwards(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(all, folder, { recursive: true });
  const entries = expectedMigrations(all).slice(0, count);
  const last = entries.at(-1)?.when ?? 0;
  const added = Object.entries(more).map(([tag, text], index) => {
    writeFileSync(join(folder, `${tag}.sql`), text);
    return { idx: count + index, version: "7", when: last + index + 1, tag, breakpoints: true };
  });
  const journal = join(folder, "meta/_journal.json");
  const whole = JSON.parse(readFileSync(journal, "utf8"));
  writeFileSync(journal, JSON.stringify({ ...whole, entries: [...entries, ...added] }));
  return folder;
}
