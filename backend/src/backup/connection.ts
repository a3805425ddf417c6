import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import type { Database } from "../db/client.ts";
import * as schema from "../db/schema/index.ts";

/** One connection that is never replaced, and the same as Drizzle sees it. */
export interface Connection {
  readonly client: pg.Client;
  readonly db: Database;
}

/** Values are spelled the same way on both sides, whatever the server's settings. */
const spelling = [
  "timezone=UTC",
  "datestyle=ISO",
  "intervalstyle=postgres",
  "extra_float_digits=1",
  "bytea_output=hex",
];

/** Runs `work` on a connection of its own, without a limit to how long a statement takes. */
export async function withConnection<T>(
  url: string,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    application_name: "coaching-app backup",
    options: [...spelling, "statement_timeout=0", "idle_in_transaction_session_timeout=0"]
      .map((setting) => `-c ${setting}`)
      .join(" "),
  });
  // A connection that dies between two statements shows at the next one.
  client.on("error", () => {});
  await client.connect();
  try {
    return await work({ client, db: drizzle({ client, schema }) as unknown as Database });
  } finally {
    await client.end();
  }
}
