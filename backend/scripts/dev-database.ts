import { join } from "node:path";
import pg from "pg";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../src/db/embedded.ts";
import { announceRuntime } from "../src/db/embedded-runtime.ts";
import { migrate } from "../src/db/migrate.ts";
import { appRole, createRoles, ownerRole } from "../src/db/roles.ts";
import { schemaState } from "../src/db/schema-state.ts";
import type { DevelopmentSecrets } from "./dev-secrets.ts";

export interface DevelopmentDatabase {
  /** As coaching_app. */
  readonly url: string;
  /** For people; without a password. */
  readonly location: string;
  /** Resolves if the server goes away, with its last words. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

const database = "coaching_app";

async function prepare(server: EmbeddedPostgres, { ownerPassword, appPassword }: DevelopmentSecrets) {
  const superuser = new pg.Client(server.url("postgres"));
  try {
    await superuser.connect();
    await createRoles(superuser, { ownerPassword, appPassword, database });
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== "28P01") throw error;
    throw new Error(
      `The database in ${server.dataDir} was made with other secrets than those in secrets.json. Put the old file back, or delete the folder to start anew.`,
    );
  } finally {
    await superuser.end();
  }
  const as = (username: string, password: string) =>
    Object.assign(new URL(server.url(database)), { username, password }).href;
  const databaseOwnerUrl = as(ownerRole, ownerPassword);
  await migrate({ ownerUrl: databaseOwnerUrl });
  return { databaseUrl: as(appRole, appPassword), databaseOwnerUrl };
}

/** The embedded database of a data folder: roles, schema and all. */
export async function embeddedDatabase(
  dataFolder: string,
  secrets: DevelopmentSecrets,
): Promise<DevelopmentDatabase> {
  const wanted = join(dataFolder, "postgres");
  const { superuserPassword } = secrets;
  const server = await startEmbeddedPostgres({ dataDir: wanted, superuserPassword });
  try {
    const runtime = await prepare(server, secrets);
    const withdraw = announceRuntime(dataFolder, runtime);
    const why = server.dataDir === wanted ? "" : " (the account that runs PostgreSQL cannot enter DATA_DIR)";
    return {
      url: runtime.databaseUrl,
      location: `embedded PostgreSQL, data in ${server.dataDir}${why}`,
      ended: server.ended,
      stop: () => {
        withdraw();
        return server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** A PostgreSQL of the developer's own; migrated where the owner's connection is known too. */
export async function ownDatabase(url: string, ownerUrl: string | undefined): Promise<DevelopmentDatabase> {
  if (ownerUrl) await migrate({ ownerUrl });
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  await client.connect();
  const state = await schemaState(client).finally(() => client.end());
  if (state === "behind")
    throw new Error(
      "The schema behind DATABASE_URL is missing or older than this code. Set DATABASE_OWNER_URL as well, so that it can be migrated.",
    );
  const { host, pathname } = new URL(url);
  const location = `DATABASE_URL, ${pathname.slice(1)} on ${host}`;
  return { url, location, ended: new Promise(() => {}), stop: () => Promise.resolve() };
}
