import { randomUUID } from "node:crypto";
import pg from "pg";
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
  const asSuperuser = async (work: (client: pg.Client) => Promise<unknown>) => {
    const client = new pg.Client(at(template.superUrl, "postgres"));
    await client.connect();
    await work(client).finally(() => client.end());
  };

  await asSuperuser(async (client) => {
    // The template lies in the page cache: copying its files beats logging each block.
    await client.query(`create database ${database} template ${templateName} strategy file_copy`);
    await ownDatabase(client, database);
  });
  const drop = () =>
    asSuperuser((client) => client.query(`drop database if exists ${database} with (force)`));
  afterAll(drop);
  return {
    appUrl: at(template.appUrl, database),
    ownerUrl: at(template.ownerUrl, database),
    superUrl: at(template.superUrl, database),
    drop,
  };
}
