import { join } from "node:path";
import { createGzip } from "node:zlib";
import type { Encrypter } from "age-encryption";
import { sql } from "drizzle-orm";
import { to as copyTo } from "pg-copy-streams";
import type { Connection } from "./connection.ts";
import type { TablePart } from "./layout.ts";
import { writeSealed } from "./seal.ts";
import { copyOut, tablesToKeep } from "./tables.ts";

/** Writes the rows of every table, as the open transaction sees them. */
export async function dumpTables(
  { client, db }: Connection,
  folder: string,
  sealer: Encrypter,
): Promise<TablePart[]> {
  const dumped: TablePart[] = [];
  for (const table of await tablesToKeep(db)) {
    const rows = client.query(copyTo(copyOut(table)));
    const gzip = createGzip();
    rows.on("error", (error) => gzip.destroy(error));
    const path = join(folder, `${table.schema}.${table.name}.copy.gz.age`);
    const part = await writeSealed(path, rows.pipe(gzip), sealer);
    dumped.push({ ...table, columns: [...table.columns], rows: rows.rowCount, part });
  }
  return dumped;
}

/** The migrations that the database has been through. */
export async function appliedMigrations({ db }: Connection): Promise<number[]> {
  const { rows } = await db.execute<{ at: string }>(
    sql`select created_at::text as at from drizzle.__drizzle_migrations order by created_at`,
  );
  return rows.map(({ at }) => Number(at));
}
