import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import type { Sql } from "postgres";

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

async function createLogin(sql: Sql, role: string, password: string): Promise<void> {
  const [existing] = await sql`select 1 from pg_roles where rolname = ${role}`;
  const verb = existing ? "alter" : "create";
  // Neither statement takes parameters; a verifier holds no character that could leave the quotes.
  await sql.unsafe(
    `${verb} role ${role} with login nosuperuser nocreatedb nocreaterole password '${scramVerifier(password)}'`,
  );
}

/**
 * Makes the database belong to the owner's role and lets in nobody but the two roles. Grants on a database are not
 * copied with `CREATE DATABASE … TEMPLATE`, so this is needed for every copy too.
 *
 * @param superuserSql a connection as superuser, to any database of the server
 */
export async function ownDatabase(superuserSql: Sql, database: string): Promise<void> {
  const name = superuserSql(database);
  await superuserSql`alter database ${name} owner to ${superuserSql(ownerRole)}`;
  await superuserSql`revoke all on database ${name} from public`;
  await superuserSql`grant connect on database ${name} to ${superuserSql(ownerRole)}, ${superuserSql(appRole)}`;
}

/**
 * Creates the two roles, or sets their passwords again, and the database they share. Safe to repeat.
 *
 * @param superuserSql a connection as superuser, to any database of the server
 */
export async function createRoles(
  superuserSql: Sql,
  { ownerPassword, appPassword, database }: { ownerPassword: string; appPassword: string; database: string },
): Promise<void> {
  await createLogin(superuserSql, ownerRole, ownerPassword);
  await createLogin(superuserSql, appRole, appPassword);
  const [existing] = await superuserSql`select 1 from pg_database where datname = ${database}`;
  if (!existing) await superuserSql`create database ${superuserSql(database)}`;
  await ownDatabase(superuserSql, database);
}
