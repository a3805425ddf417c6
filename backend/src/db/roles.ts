import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import pg from "pg";
import type { Queryable } from "./client.ts";

/** Owns the database and changes its definition: migrations and restores only. */
export const ownerRole = "coaching_owner";
/** What the server connects as: reads and writes rows, and nothing else. */
export const appRole = "coaching_app";

/** What PostgreSQL stores for a SCRAM password. Sending this instead keeps the password out of the server's logs. */
function scramVerifier(password: string): string {
  const iterations = 4096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.normalize("NFKC"), salt, iterations, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const serverKey = hmac("Server Key").toString("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}

async function exists(superuser: Queryable, text: string, name: string): Promise<boolean> {
  const { rows } = await superuser.query({ text, values: [name] });
  return rows.length > 0;
}

async function createLogin(superuser: Queryable, role: string, password: string): Promise<void> {
  const known = await exists(superuser, "select 1 from pg_roles where rolname = $1", role);
  const verb = known ? "alter" : "create";
  const rights = "login nosuperuser nocreatedb nocreaterole";
  // Neither statement takes parameters; a verifier holds no character that could leave the quotes.
  await superuser.query({
    text: `${verb} role ${role} with ${rights} password '${scramVerifier(password)}'`,
  });
}

/**
 * Makes the database belong to the owner's role and lets in nobody but the two roles. Grants on a database are not
 * copied with `CREATE DATABASE … TEMPLATE`, so this is needed for every copy too.
 *
 * @param superuser a connection as superuser, to any database of the server
 */
export async function ownDatabase(superuser: Queryable, database: string): Promise<void> {
  const name = pg.escapeIdentifier(database);
  await superuser.query({ text: `alter database ${name} owner to ${ownerRole}` });
  await superuser.query({ text: `revoke all on database ${name} from public` });
  await superuser.query({ text: `grant connect on database ${name} to ${ownerRole}, ${appRole}` });
}

/**
 * Creates the two roles, or sets their passwords again, and the database they share. Safe to repeat.
 *
 * @param superuser a connection as superuser, to any database of the server
 */
export async function createRoles(
  superuser: Queryable,
  { ownerPassword, appPassword, database }: { ownerPassword: string; appPassword: string; database: string },
): Promise<void> {
  await createLogin(superuser, ownerRole, ownerPassword);
  await createLogin(superuser, appRole, appPassword);
  if (!(await exists(superuser, "select 1 from pg_database where datname = $1", database)))
    await superuser.query({ text: `create database ${pg.escapeIdentifier(database)}` });
  await ownDatabase(superuser, database);
}

/** Whether the connection's own role is above every rule. */
export async function isSuperuser(database: Queryable): Promise<boolean> {
  const text = "select 1 from pg_roles where rolname = current_user and rolsuper";
  return (await database.query({ text })).rows.length > 0;
}
