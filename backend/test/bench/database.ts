import { randomBytes } from "node:crypto";
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { migrate } from "../../src/db/migrate.ts";
import { appRole, createRoles, ownerRole } from "../../src/db/roles.ts";
import { queryable } from "../harness/queryable.ts";

export interface BenchDatabase {
  /** As the server connects. */
  readonly url: string;
  /** As the owner. */
  readonly sql: Sql;
  stop(): Promise<void>;
}

/** A PostgreSQL of its own, migrated, gone at the end. Durability is off: ratios of reads are what is measured. */
export async function startDatabase(folder: string): Promise<BenchDatabase> {
  const secret = () => randomBytes(16).toString("hex");
  const [ownerPassword, appPassword] = [secret(), secret()];
  const dataDir = join(folder, "database");
  const server = await startEmbeddedPostgres({ dataDir, superuserPassword: secret(), ephemeral: true });
  try {
    const database = "coaching_app";
    const as = (username: string, password: string) =>
      Object.assign(new URL(server.url(database)), { username, password }).href;
    const superuser = postgres(server.url("postgres"), { max: 1 });
    await createRoles(queryable(superuser), { ownerPassword, appPassword, database });
    await superuser.end();
    const ownerUrl = as(ownerRole, ownerPassword);
    await migrate({ ownerUrl });
    const url = as(appRole, appPassword);
    const sql = postgres(ownerUrl, { max: 1, onnotice: () => {} });
    const stop = async () => {
      await sql.end({ timeout: 2 });
      await server.stop();
    };
    return { url, sql, stop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
