import { drizzle } from "drizzle-orm/node-postgres";
import { migrate as runMigrations } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";
import { defaultMigrationsFolder, schemaState } from "./schema-state.ts";

/** Any constant will do, as long as every instance takes the same one. */
const migrationLock = 7_203_111_405;

/**
 * Brings the schema up to date, as the owner of the database. Instances that start together take turns: the first
 * migrates, the others find nothing left to do. All pending migrations commit together or not at all.
 *
 * @param ownerUrl connection as `coaching_owner`
 * @throws when a table stays locked for 10 s, so that a migration never queues all traffic up behind itself; when
 *   another instance migrates for more than 2 minutes; when a migration is older than the last one applied
 */
export async function migrate({
  ownerUrl,
  folder = defaultMigrationsFolder(),
}: {
  ownerUrl: string;
  folder?: string | undefined;
}): Promise<void> {
  // One connection, which is never replaced: the advisory lock belongs to it.
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query("set lock_timeout = '120s'");
    await client.query("select pg_advisory_lock($1)", [migrationLock]);
    await client.query("set lock_timeout = '10s'");
    await runMigrations(drizzle({ client }), { migrationsFolder: folder });
    if ((await schemaState(client, folder)) === "behind")
      throw new Error(`A migration in ${folder} is older than the last one applied, so it was passed over.`);
  } finally {
    await client.end();
  }
}
