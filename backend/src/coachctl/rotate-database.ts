import pg from "pg";
import { databaseUrls } from "../config/database-urls.ts";
import { withPassword } from "../config/values/database-url.ts";
import type { Environment } from "../config/variable.ts";
import { scramVerifier } from "../db/scram.ts";
import type { SecretFile } from "./secret-file.ts";

async function as<T>(url: string, password: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: withPassword(url, password),
    connectionTimeoutMillis: 10_000,
  });
  // One that breaks off shows at the statement, and must not end the process: the file is to be put back.
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const accepted = (url: string, password: string): Promise<boolean> =>
  as(url, password, async () => true).catch(() => false);

function urlOf(environment: Environment, name: string): string {
  const { url, ownerUrl } = databaseUrls(environment);
  const found = name === "DATABASE_PASSWORD" ? url : ownerUrl;
  if (!found) throw new Error(`${name.replace("PASSWORD", "URL")} is needed`);
  return found;
}

interface Change {
  readonly environment: Environment;
  readonly name: string;
  readonly file: SecretFile;
  /** What the file has. */
  readonly old: string;
  readonly next: string;
}

/**
 * Gives the role another password, signed in as the role itself: that takes no right that it does not have. The file
 * comes first: servers that read it meanwhile fall back to the password from before, which they remember.
 *
 * @throws Error when the database did not take it; the file is then as before
 */
export async function changeDatabasePassword({ environment, name, file, old, next }: Change): Promise<void> {
  const url = urlOf(environment, name);
  if (!(await accepted(url, old))) throw new Error("The database does not take the password of the file");
  file.replace(old, next);
  const alter = () =>
    as(url, old, (client) =>
      client.query(`alter role current_user password ${pg.escapeLiteral(scramVerifier(next))}`),
    );
  try {
    // A connection that breaks off says nothing of the change: the database may be at it still. So it is made once more.
    await alter().catch(alter);
  } catch (error) {
    // The answer may be lost where the change is not.
    if (await accepted(url, next)) return;
    file.replace(next, old);
    throw error;
  }
}

/** Ends every connection of the role: who signed in with the old password stays signed in otherwise. */
export async function cutConnections(environment: Environment, name: string, password: string) {
  await as(urlOf(environment, name), password, (client) =>
    client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()",
    ),
  );
}
