import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Encrypter } from "age-encryption";
import { sql } from "drizzle-orm";
import type { StoragePort } from "../adapters/storage/port.ts";
import { type Connection, withConnection } from "./connection.ts";
import { appliedMigrations, dumpTables } from "./dump.ts";
import { MANIFEST, type Manifest, type ObjectLine, PARTIAL, syncFolder } from "./layout.ts";
import { isStillThere, poolObjects } from "./objects.ts";
import { createPool, type Pool } from "./pool.ts";
import { recordBackup } from "./record.ts";
import { removeOld } from "./retention.ts";
import { createSealer, writePlain, writeSealed } from "./seal.ts";

export interface BackupOptions {
  /** Either role; all is read, and nothing written but that there is a backup. */
  readonly databaseUrl: string;
  readonly storage: Pick<StoragePort, "read">;
  /** Folder of backups, made when missing. */
  readonly to: string;
  /** `age1…`, at least one. */
  readonly recipients: readonly string[];
  /** How many good backups stay; all when undefined. */
  readonly keep?: number | undefined;
  readonly version: string;
}

export interface Made {
  readonly name: string;
  readonly manifest: Manifest;
  /** To be kept elsewhere: whoever can write to the folder can make a backup, too. */
  readonly manifestSha256: string;
  readonly removed: readonly string[];
  /** Folders that are no good backup. They are left alone. */
  readonly unreadable: readonly string[];
}

/** Any constant will do, as long as it is always the same one. */
const backupLock = 7_203_111_406;
/** Each time, a file was deleted in the moment between two looks. */
const attempts = 5;

/**
 * Backs up all rows, as of one moment, and the bytes that they lead to. Nothing waits for it. It counts once it is
 * whole: before that it lies under another name.
 *
 * The database is told when it is good: a metric says how long ago that was.
 *
 * @throws when another backup of this database is being made, a recipient is malformed, or a part cannot be read
 */
export async function createBackup(options: BackupOptions): Promise<Made> {
  const sealer = createSealer(options.recipients);
  return withConnection(options.databaseUrl, async (live) => {
    // Held by the connection: it goes with the process, however that ends.
    const { rows } = await live.client.query("select pg_try_advisory_lock($1) as mine", [backupLock]);
    if (!rows[0]?.mine) throw new Error("Another backup of this database is being made.");
    await mkdir(options.to, { recursive: true, mode: 0o700 });
    for (const name of await readdir(options.to))
      if (name.startsWith(PARTIAL)) await rm(join(options.to, name), { recursive: true, force: true });
    const pool = createPool(options.to);
    await pool.prepare();

    // Without a snapshot and for as long as it takes: what comes after has little left to copy.
    for await (const _ of poolObjects(live.db, { ...options, pool, sealer }));

    const made = await writeBackup(live, { ...options, pool, sealer });
    await recordBackup(live.db, made.name, made.manifest);
    const kept = options.keep === undefined ? undefined : await removeOld(options.to, options.keep, pool);
    return { ...made, removed: kept?.removed ?? [], unreadable: kept?.unreadable ?? [] };
  });
}

type Work = BackupOptions & { readonly pool: Pool; readonly sealer: Encrypter };

async function writeBackup(
  live: Connection,
  work: Work,
): Promise<Pick<Made, "name" | "manifest" | "manifestSha256">> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const partial = join(work.to, `${PARTIAL}${randomUUID()}`);
    await mkdir(partial, { mode: 0o700 });
    const manifest = await withConnection(work.databaseUrl, (snapshot) =>
      writeParts(snapshot, live, partial, work),
    );
    if (manifest) {
      const { sha256 } = await writePlain(
        join(partial, MANIFEST),
        Readable.from(`${JSON.stringify(manifest, null, 2)}\n`, { objectMode: false }),
      );
      await syncFolder(partial);
      const name = manifest.createdAt.replaceAll(":", "-").replace(".", "-");
      await rename(partial, join(work.to, name));
      await syncFolder(work.to);
      return { name, manifest, manifestSha256: sha256 };
    }
    await rm(partial, { recursive: true });
  }
  throw new Error("Files are deleted faster than they can be copied: try again at a quieter time.");
}

/** Null when a file's bytes went between the snapshot and the copy. */
async function writeParts(
  snapshot: Connection,
  live: Connection,
  folder: string,
  { storage, pool, sealer, version }: Work,
): Promise<Manifest | null> {
  await snapshot.client.query("begin isolation level repeatable read read only");
  const { rows } = await snapshot.db.execute<{ at: string }>(
    sql`select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`,
  );
  const needed: string[] = [];
  const objects = { count: 0, bytes: 0, missing: 0 };
  let raced = false;
  // Bytes first, while they are still there.
  async function* lines(): AsyncGenerator<string> {
    for await (const { row, settled, bytes, ...line } of poolObjects(snapshot.db, {
      storage,
      pool,
      sealer,
    })) {
      if (line.pooled !== null) {
        objects.count += 1;
        objects.bytes += bytes;
        needed.push(line.pooled);
      } else if (!settled) continue;
      else if (await isStillThere(live.db, row)) objects.missing += 1;
      else raced = true;
      yield `${JSON.stringify(line satisfies ObjectLine)}\n`;
    }
  }
  const listed = await writeSealed(
    join(folder, "objects.ndjson.age"),
    Readable.from(lines(), { objectMode: false }),
    sealer,
  );
  if (raced) return null;
  const names = Readable.from(
    needed.map((name) => `${name}\n`),
    { objectMode: false },
  );
  return {
    format: 1,
    createdAt: rows[0]?.at ?? "",
    version,
    migrations: await appliedMigrations(snapshot),
    tables: await dumpTables(snapshot, folder, sealer),
    objects: { ...objects, part: listed },
    pool: await writePlain(join(folder, "pool.txt"), names),
  };
}
