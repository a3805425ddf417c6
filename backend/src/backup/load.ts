import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { Decrypter } from "age-encryption";
import { sql } from "drizzle-orm";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { Transaction } from "../db/client.ts";
import type { Connection } from "./connection.ts";
import type { Manifest, TablePart } from "./layout.ts";
import { openSealed } from "./seal.ts";
import { copyIn, quoted, type Table, tablesToKeep } from "./tables.ts";

/** @throws when a table holds a row, whatever the state of the schema */
export async function assertNoRows({ db }: Connection): Promise<void> {
  for (const table of await tablesToKeep(db)) {
    const { rows } = await db.execute(sql.raw(`select 1 from ${quoted(table)} limit 1`));
    if (rows.length > 0) throw new Error(`The database is not empty: ${quoted(table)} holds rows.`);
  }
}

/** @throws when the tables are not those of the backup, as when the database has been migrated further */
export async function assertSameTables({ db }: Connection, manifest: Manifest): Promise<void> {
  const names = (tables: readonly Table[]) =>
    JSON.stringify(tables.map((table) => [quoted(table), [...table.columns].sort()]).sort());
  if (names(await tablesToKeep(db)) !== names(manifest.tables))
    throw new Error("The tables of the database are not those of the backup: begin with an empty one.");
}

/**
 * Loads every table. Foreign keys go first and come back last, as their tables lead to each other in circles: coming
 * back, each one is checked against all rows.
 *
 * @throws when a table has another number of rows than the manifest says, or a row leads nowhere
 */
export async function loadTables(
  { client, db }: Connection,
  { folder, manifest, opener }: { folder: string; manifest: Manifest; opener: Decrypter },
): Promise<void> {
  const { rows: keys } = await db.execute<{ name: string; relation: string; definition: string }>(sql`
    select conname as name, conrelid::regclass::text as relation, pg_get_constraintdef(oid) as definition
    from pg_constraint
    where contype = 'f' and conparentid = 0 and connamespace in ('public'::regnamespace, 'pgboss'::regnamespace)`);
  for (const { name, relation } of keys)
    await client.query(`alter table ${relation} drop constraint ${pg.escapeIdentifier(name)}`);
  for (const table of manifest.tables) {
    await client.query(`alter table ${quoted(table)} disable trigger user`);
    await loadTable(client, folder, table, opener);
    await client.query(`alter table ${quoted(table)} enable trigger user`);
  }
  for (const { name, relation, definition } of keys)
    await client.query(`alter table ${relation} add constraint ${pg.escapeIdentifier(name)} ${definition}`);
}

async function loadTable(
  client: pg.Client,
  folder: string,
  table: TablePart,
  opener: Decrypter,
): Promise<void> {
  const { stream } = await openSealed(join(folder, table.part.file), table.part.bytes, opener);
  const into = client.query(copyFrom(copyIn(table)));
  await pipeline(stream, createGunzip(), into);
  if (into.rowCount !== table.rows)
    throw new Error(`${quoted(table)}: ${into.rowCount} rows were loaded instead of ${table.rows}.`);
}

/** Counts what is there now. @throws when a table differs from the manifest */
export async function verifyCounts(tx: Transaction, { tables }: Manifest): Promise<void> {
  for (const table of tables) {
    const { rows } = await tx.execute<{ rows: string }>(
      sql.raw(`select count(*) as rows from ${quoted(table)}`),
    );
    if (Number(rows[0]?.rows) !== table.rows)
      throw new Error(`${quoted(table)} holds ${rows[0]?.rows} rows instead of ${table.rows}.`);
  }
}
