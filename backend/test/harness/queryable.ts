import type postgres from "postgres";
import type { Queryable } from "../../src/db/client.ts";

/** A test's own connection where the code under test wants one. */
export const queryable = (sql: postgres.Sql): Queryable => ({
  query: async ({ text, values }) => ({ rows: [...(await sql.unsafe(text, values as never[]))] as never[] }),
});
