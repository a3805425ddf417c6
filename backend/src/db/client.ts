import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import type pg from "pg";
import type { Tracing } from "../adapters/tracing/port.ts";
import { collectAfterCommit } from "./after-commit.ts";
import { isUnreachable } from "./database-error.ts";
import { fixedLogin, type Login } from "./login.ts";
import { createLoginPool } from "./login-pool.ts";
import * as schema from "./schema/index.ts";
import type { PoolState } from "./watched-pool.ts";
import { watchedSocket } from "./watched-socket.ts";

export type Database = NodePgDatabase<typeof schema>;
export type Transaction = Parameters<Parameters<Database["transaction"]>[0]>[0];

/** A statement with a name is parsed and planned once a connection. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

/** A connection, or a pool of them. */
export interface Queryable {
  query<R extends pg.QueryResultRow>(statement: Statement): Promise<{ rows: R[] }>;
}

export interface DatabaseClient extends Queryable {
  readonly db: Database;
  poolState(): PoolState;
  close(): Promise<void>;
}

/** A statement of a request takes milliseconds: one that takes this long never ends well. */
const statementMs = 3500;
/** Nothing moved on a connection for this long: the server is gone, whatever the kernel thinks. */
const silenceMs = 4000;
/** Shorter than the silence: what is still open then owes an answer. */
const idleMs = 3000;

/** A server that vanishes takes its locks along within 25 s, instead of the two hours of most kernels. */
const keepAlives = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";

interface PoolOptions {
  readonly max?: number;
  /** For jobs, whose statements may take minutes; requests are answered within seconds instead. */
  readonly patient?: boolean;
  readonly tracing?: Tracing | undefined;
  /** Told the text of every statement sent; for tests that count them. */
  readonly onStatement?: (text: string) => void;
}

/**
 * A connection pool. Connecting and each statement are bounded, so that a database that is down, slow or silent turns
 * into an error within seconds instead of a pile of waiting requests.
 */
export function createDatabase(
  login: string | Login,
  { max = 10, patient = false, tracing, onStatement }: PoolOptions = {},
): DatabaseClient {
  const options = {
    max,
    application_name: "coaching-app",
    options: `-c timezone=UTC ${keepAlives} -c statement_timeout=${patient ? 0 : statementMs}`,
    connectionTimeoutMillis: patient ? 10_000 : silenceMs,
    idleTimeoutMillis: patient ? 60_000 : idleMs,
    ...(!patient && { stream: () => watchedSocket(silenceMs) }),
  };
  const pool = createLoginPool(typeof login === "string" ? fixedLogin(login) : login, options, tracing);
  return {
    db: databaseOver(pool, onStatement),
    query: (statement) => {
      onStatement?.(statement.text);
      return pool.query(statement);
    },
    poolState: () => pool.state,
    close: () => pool.end(),
  };
}

/** What queries are written with, over a pool of whatever kind. */
export function databaseOver(pool: pg.Pool, onStatement?: PoolOptions["onStatement"]): Database {
  const logger = onStatement && { logger: { logQuery: (text: string) => onStatement(text) } };
  const db = drizzle({ client: pool, schema, ...logger });
  db.transaction = ownTransactions(pool, (client) => drizzle({ client, schema, ...logger }));
  return db;
}

/**
 * Drizzle sends BEGIN outside of its own try: a connection that dies there is never given back, and ten such moments
 * empty the pool for good. Here every way out gives the connection back, and a broken one is thrown away.
 */
function ownTransactions(
  pool: pg.Pool,
  around: (client: pg.PoolClient) => NodePgDatabase<typeof schema>,
): Database["transaction"] {
  const databases = new WeakMap<pg.PoolClient, NodePgDatabase<typeof schema>>();
  return async (work, config) => {
    const client = await pool.connect();
    const database = databases.get(client) ?? around(client);
    databases.set(client, database);
    let broken = true;
    // Unheard, the loss of a connection that is in use would end the process.
    const onError = (): void => {};
    client.on("error", onError);
    let committed = (): void => {};
    try {
      const result = await database.transaction((tx) => {
        const collected = collectAfterCommit(tx);
        committed = collected.run;
        return work(collected.tx);
      }, config);
      broken = false;
      committed();
      return result;
    } catch (error) {
      broken = !(error instanceof Error) || isUnreachable(error);
      throw error;
    } finally {
      client.off("error", onError);
      client.release(broken);
    }
  };
}
