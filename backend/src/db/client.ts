import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres, { type Sql } from "postgres";
import * as schema from "./schema/index.ts";

export type Database = PostgresJsDatabase<typeof schema>;
export type Transaction = Parameters<Parameters<Database["transaction"]>[0]>[0];

export interface DatabaseClient {
  readonly db: Database;
  /** The driver below Drizzle, for the few hottest statements. */
  readonly sql: Sql;
  close(): Promise<void>;
}

/**
 * A connection pool. Connecting and each statement are bounded, so that a database that is down or slow turns into
 * an error within seconds instead of a pile of waiting requests.
 *
 * @param onStatement called with the text of every statement sent; used by tests that count them.
 */
export function createDatabase(
  url: string,
  { max = 10, onStatement }: { max?: number; onStatement?: (text: string) => void } = {},
): DatabaseClient {
  const sql = postgres(url, {
    max,
    connect_timeout: 4,
    idle_timeout: 60,
    onnotice: () => {},
    connection: { application_name: "coaching-app", statement_timeout: 15_000, timezone: "UTC" },
    ...(onStatement && { debug: (_connection: number, text: string) => onStatement(text) }),
  });
  return { sql, db: drizzle(sql, { schema }), close: () => sql.end({ timeout: 5 }) };
}
