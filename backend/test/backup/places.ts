import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import pg from "pg";
import postgres, { type Sql } from "postgres";
import { inject } from "vitest";
import { deriveKeys } from "../../src/adapters/storage/disk.signing.ts";
import { createDiskStorage } from "../../src/adapters/storage/disk.ts";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import { createBackup } from "../../src/backup/create.ts";
import { type RestoreOptions, restoreBackup } from "../../src/backup/restore.ts";
import { ownDatabase } from "../../src/db/roles.ts";
import { documentOf } from "../files/client.ts";
import { afterwards } from "../harness/afterwards.ts";
import type { TestApp } from "../harness/app.ts";
import { type Tenant, uploadFile } from "../harness/client.ts";

/** A folder that goes away after the file's last test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "coaching-backup-"));
  afterwards(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const emptyStore = (): StoragePort =>
  createDiskStorage({
    root: temporaryFolder(),
    publicUrl: "http://localhost",
    keys: () => deriveKeys(["x"]),
  });

/** A database in which nothing was ever done. */
export async function emptyDatabase() {
  const urls = inject("templateUrls");
  const name = `restored_${randomUUID().replaceAll("-", "")}`;
  const at = (url: string, database: string) =>
    Object.assign(new URL(url), { pathname: `/${database}` }).href;
  const asSuperuser = async (work: (client: pg.Client) => Promise<unknown>) => {
    const client = new pg.Client(at(urls.superUrl, "postgres"));
    await client.connect();
    await work(client).finally(() => client.end());
  };
  await asSuperuser(async (client) => {
    await client.query(`create database ${name}`);
    await ownDatabase(client, name);
  });
  const owner = postgres(at(urls.ownerUrl, name), { max: 1, onnotice: () => {} });
  afterwards(async () => {
    await owner.end();
    await asSuperuser((client) => client.query(`drop database if exists ${name} with (force)`));
  });
  return { ownerUrl: at(urls.ownerUrl, name), appUrl: at(urls.appUrl, name), owner };
}

export async function ageKey() {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** Backs an application up into a folder of its own, and restores from there. */
export async function backups(app: TestApp) {
  const to = temporaryFolder();
  const key = await ageKey();
  const make = (options: Partial<Parameters<typeof createBackup>[0]> = {}) =>
    createBackup({
      databaseUrl: app.database.appUrl,
      storage: app.deps.storage,
      to,
      recipients: [key.recipient],
      version: "0.0.0",
      ...options,
    });
  const restore = (
    name: string,
    options: Pick<RestoreOptions, "ownerUrl" | "storage"> & Partial<RestoreOptions>,
  ) =>
    restoreBackup({
      from: join(to, name),
      identities: key.identity,
      verify: true,
      erasures: [],
      erasers: {},
      ...options,
    });
  return { to, key, make, restore };
}

const unkept = ["session", "verification", "used_code"];

/** Rows of every table, as a hash of all their values, but for what a restore leaves out or adds. */
export async function contents(sql: Sql): Promise<Record<string, string>> {
  const tables = await sql`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'
    order by 1`;
  const found: Record<string, string> = {};
  for (const { name } of tables) {
    if (unkept.includes(name) || name === "audit_epoch" || name === "audit_seal") continue;
    const [row] = await sql`
      select count(*)::int as rows, md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as hash
      from ${sql(name)} t
      where coalesce(to_jsonb(t)->>'action', '') not in ('backup.created', 'backup.restored')`;
    found[name] = `${row?.rows} ${row?.hash}`;
  }
  return found;
}

/** SHA-256 of every object by its key. */
export async function hashes(storage: StoragePort): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { key } of storage.list("objects/")) {
    const stream = await storage.read(key);
    if (stream)
      found[key] = createHash("sha256")
        .update(await buffer(stream))
        .digest("hex");
  }
  return found;
}

/** Uploads a text of the tenant's admin. */
export const textUploader = (app: TestApp, tenant: Tenant) => (text: string) =>
  uploadFile(
    app,
    tenant.people.org_admin.token,
    Buffer.from(text),
    documentOf(tenant, { contentType: "text/plain" }),
  );
