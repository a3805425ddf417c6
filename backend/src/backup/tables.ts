import { sql } from "drizzle-orm";
import pg from "pg";
import type { Database, Transaction } from "../db/client.ts";

/** What opens accounts and is soon over. A restore must not bring back what somebody signed out of or used up. */
const LEFT_OUT = ["session", "verification", "used_code"];
/** Of the queue: what is still to be done. Schedules and statistics make themselves. */
const QUEUE = { queue: "true", job: "state in ('created', 'retry', 'active', 'failed')" };

/** A table whose rows are backed up. */
export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
}

/** Every table of ours but those left out, so that a new one needs no entry here. */
export async function tablesToKeep(db: Database | Transaction): Promise<Table[]> {
  const { rows } = await db.execute<Table & Record<string, unknown>>(sql`
    select n.nspname as schema, c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    where c.relkind in ('r', 'p') and not c.relispartition and (
      n.nspname = 'public' and c.relname <> all(${sql.param(LEFT_OUT)}::text[])
      or n.nspname = 'pgboss' and c.relname = any(${sql.param(Object.keys(QUEUE))}::text[]))
    group by 1, 2
    order by 1, 2`);
  return rows.map(({ schema, name, columns }) => ({ schema, name, columns }));
}

export const quoted = ({ schema, name }: Table): string =>
  `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;

const columnList = ({ columns }: Table): string =>
  columns.map((column) => pg.escapeIdentifier(column)).join(", ");

const rowsOf = (table: Table): string =>
  table.schema === "pgboss" && table.name in QUEUE ? QUEUE[table.name as keyof typeof QUEUE] : "true";

export const copyOut = (table: Table): string =>
  `copy (select ${columnList(table)} from ${quoted(table)} where ${rowsOf(table)}) to stdout`;

export const copyIn = (table: Table): string => `copy ${quoted(table)} (${columnList(table)}) from stdin`;
