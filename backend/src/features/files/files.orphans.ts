import { sql } from "drizzle-orm";
import type { StoragePort } from "../../adapters/storage/port.ts";
import type { Database } from "../../db/client.ts";
import { file, uploadIntent } from "../../db/schema/index.ts";

interface Deps {
  readonly db: Database;
  readonly storage: Pick<StoragePort, "list" | "delete">;
}

/** What lies below `objects/`. */
export interface Stock {
  readonly objects: number;
  /** Objects older than a day that no row leads to. */
  readonly orphans: number;
  /** Their keys, as many as one sweep removes. */
  readonly keys: readonly string[];
}

/**
 * Far longer than anything between the bytes and their row: a register's claim ends after a minute and its intent after
 * a day at most. It also leaves a day to notice that a database was restored without its files.
 */
const safeAgeMs = 24 * 60 * 60 * 1000;
const batchSize = 500;
/** The rest is the next sweep's: memory stays bounded whatever is found. */
const keysMax = 10_000;
/** So few are no sign of anything. */
const fewOrphans = 20;

const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
/** The bytes of a file, or something made of them that lies beside them: `<key>.256.webp`. */
const objectForm = new RegExp(`^objects/(${uuid})/(${uuid})(?:\\.[a-z0-9.]+)?$`);

/** Counts the objects, a page at a time, and finds those without a row. Keys of another form are nobody's business. */
export async function takeStock(deps: Deps, now = Date.now()): Promise<Stock> {
  let objects = 0;
  let orphans = 0;
  const keys: string[] = [];
  let batch: string[] = [];
  const judge = async (): Promise<void> => {
    const found = await withoutRow(deps.db, batch);
    orphans += found.length;
    keys.push(...found.slice(0, keysMax - keys.length));
    batch = [];
  };
  for await (const { key, lastModified } of deps.storage.list("objects/")) {
    if (!objectForm.test(key)) continue;
    objects += 1;
    if (now - lastModified.getTime() < safeAgeMs) continue;
    batch.push(key);
    if (batch.length === batchSize) await judge();
  }
  await judge();
  return { objects, orphans, keys };
}

/**
 * Whether these may be leftovers. When most of the store seems to be nobody's, it is far more likely that this is the
 * wrong database, or an old one.
 */
export const isPlausible = ({ objects, orphans }: Stock): boolean =>
  orphans <= fewOrphans || orphans <= objects / 2;

/** Removes what still has no row, and says how many that were. */
export async function removeOrphans({ db, storage }: Deps, keys: readonly string[]): Promise<number> {
  let removed = 0;
  for (let i = 0; i < keys.length; i += batchSize)
    for (const key of await withoutRow(db, keys.slice(i, i + batchSize))) {
      await storage.delete(key);
      removed += 1;
    }
  return removed;
}

/**
 * The keys that the database says nothing leads to: neither a file that has bytes, nor an intent that may become one.
 * Both are asked in one statement, for a register moves the id from one to the other in one transaction. Since an id is
 * made for each claim of an upload, one that is in neither never comes back.
 */
async function withoutRow(db: Database, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const parts = keys.map((key) => objectForm.exec(key) ?? []);
  const owners = parts.map(([, owner]) => owner);
  const ids = parts.map(([, , id]) => id);
  const { rows } = await db.execute<{ key: string }>(sql`
    select k.key
    from unnest(${sql.param(keys)}::text[], ${sql.param(owners)}::uuid[], ${sql.param(ids)}::uuid[]) as k(key, owner, id)
    where not exists (
      select from ${file} f
      where f.id = k.id and coalesce(f.organization_id, f.uploaded_by) = k.owner and f.status <> 'rejected')
    and not exists (select from ${uploadIntent} i where i.file_id = k.id)`);
  return rows.map(({ key }) => key);
}
