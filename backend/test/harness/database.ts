import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterAll, inject } from "vitest";
import { ownDatabase } from "../../src/db/roles.ts";
import type { DatabaseUrls } from "./global-setup.ts";

export interface TestDatabase extends DatabaseUrls {
  /** Runs by itself after the file's last test. */
  drop(): Promise<void>;
}

/** A database of its own for one test file, copied from the migrated template. Call it at the top of the file. */
export async function testDatabase(): Promise<TestDatabase> {
  const template = inject("templateUrls");
  const database = `test_${randomUUID().replaceAll("-", "")}`;
  const templateName = new URL(template.superUrl).pathname.slice(1);
  const at = (url: string, name: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href;
  const asSuperuser = async (work: (sql: postgres.Sql) => Promise<unknown>) => {
    const sql = postgres(at(template.superUrl, "postgres"), { max: 1, onnotice: () => {} });
    await work(sql).finally(() => sql.end());
  };

  await asSuperuser(async (sql) => {
    // The template lies in the page cache: copying its files beats logging each block.
    await sql`create database ${sql(database)} template ${sql(templateName)} strategy file_copy`;
    await ownDatabase(sql, database);
  });
  const drop = () => asSuperuser((sql) => sql`drop database if exists ${sql(database)} with (force)`);
  afterAll(drop);
  return {
    appUrl: at(template.appUrl, database),
    ownerUrl: at(template.ownerUrl, database),
    superUrl: at(template.superUrl, database),
    drop,
  };
}
