import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres, { type Sql } from "postgres";
import * as schema from "./schema/index.ts";
import { watchedSocket } from "./watched-socket.ts";

export type Database = PostgresJsDatabase<typeof schema>;
export type Transaction = Parameters<Parameters<Database["transaction"]>[0]>[0];

export interface DatabaseClient {
  readonly db: Database;
  /** The driver below Drizzle, for the few hottest statements. */
  readonly sql: Sql;
  close(): Promise<void>;
}

/** A statement of a request takes milliseconds: one that takes this long never ends well. */
const statementMs = 3500;
/** Nothing moved on a connection for this long: the server is gone, whatever the kernel thinks. */
const silenceMs = 4000;

interface PoolOptions {
  readonly max?: number;
  /** For jobs, whose statements may take minutes; requests are answered within seconds instead. */
  readonly patient?: boolean;
  /** Told the text of every statement sent; for tests that count them. */
  readonly onStatement?: (text: string) => void;
}

/**
 * A connection pool. Connecting and each statement are bounded, so that a database that is down, slow or silent turns
 * into an error within seconds instead of a pile of waiting requests.
 */
export function createDatabase(
  url: string,
  { max = 10, patient = false, onStatement }: PoolOptions = {},
): DatabaseClient {
  const bounded = {
    connect_timeout: 4,
    // Shorter than the silence: what is still open then owes an answer.
    idle_timeout: 3,
    socket: (address: Parameters<typeof watchedSocket>[0]) => watchedSocket(address, silenceMs),
  };
  const sql = postgres(url, {
    max,
    onnotice: () => {},
    connection: {
      application_name: "coaching-app",
      statement_timeout: patient ? 0 : statementMs,
      timezone: "UTC",
    },
    ...(patient ? { connect_timeout: 10, idle_timeout: 60 } : bounded),
    ...(onStatement && { debug: (_connection: number, text: string) => onStatement(text) }),
  });
  return { sql, db: drizzle(sql, { schema }), close: () => sql.end({ timeout: 5 }) };
}
