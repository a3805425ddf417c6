import { and, asc, eq, gt, inArray } from "drizzle-orm";
import type { StoragePort } from "../../adapters/storage/port.ts";
import type { Database } from "../../db/client.ts";
import { file } from "../../db/schema/index.ts";
import { type FileRow, objectKey, sizeKey } from "./files.rows.ts";

interface Deps {
  readonly db: Database;
  readonly storage: Pick<StoragePort, "head">;
}

/** What was looked at, and the files whose bytes, or a smaller size of them, are not there. */
export interface Loss {
  readonly files: number;
  readonly missing: number;
  /** The first of them. */
  readonly ids: readonly string[];
}

const batchSize = 500;
const atOnce = 10;
const idsMax = 100;

/** Asks the store for the bytes of every file that must have some. */
export async function findMissing({ db, storage }: Deps): Promise<Loss> {
  const withBytes = inArray(file.status, ["ready", "quarantined"]);
  let files = 0;
  let missing = 0;
  const ids: string[] = [];

  async function isWhole(row: FileRow): Promise<boolean> {
    const key = objectKey(row);
    if ((await storage.head(key))?.size !== row.size) return false;
    const smaller = await Promise.all(row.sizes.map((size) => storage.head(sizeKey(key, size))));
    return !smaller.includes(null);
  }

  async function look(row: FileRow): Promise<void> {
    if (await isWhole(row)) return;
    // Deleted meanwhile, and its bytes with it?
    const [still] = await db
      .select({ id: file.id })
      .from(file)
      .where(and(eq(file.id, row.id), withBytes));
    if (!still) return;
    missing += 1;
    if (ids.length < idsMax) ids.push(row.id);
  }

  let last: string | undefined;
  for (;;) {
    const rows: FileRow[] = await db
      .select()
      .from(file)
      .where(and(withBytes, last === undefined ? undefined : gt(file.id, last)))
      .orderBy(asc(file.id))
      .limit(batchSize);
    for (let i = 0; i < rows.length; i += atOnce) await Promise.all(rows.slice(i, i + atOnce).map(look));
    files += rows.length;
    last = rows.at(-1)?.id;
    if (rows.length < batchSize) return { files, missing, ids };
  }
}
