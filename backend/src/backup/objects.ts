import type { Encrypter } from "age-encryption";
import { and, asc, eq, gt, inArray, ne } from "drizzle-orm";
import type { StoragePort } from "../adapters/storage/port.ts";
import type { Database } from "../db/client.ts";
import { file } from "../db/schema/index.ts";
import { type FileRow, objectKey, type PictureSize, sizeKey } from "../features/files/files.rows.ts";
import type { ObjectLine } from "./layout.ts";
import { contentId, type Pool, type Pooled } from "./pool.ts";

interface Deps {
  readonly storage: Pick<StoragePort, "read">;
  readonly pool: Pool;
  readonly sealer: Encrypter;
}

/** An object that a row leads to. */
interface Wanted {
  readonly row: FileRow;
  readonly key: string;
  /** Its bytes are final, so they must be there. */
  readonly settled: boolean;
  readonly sha256: string | null;
}

export type Found = ObjectLine & { readonly row: FileRow; readonly settled: boolean; readonly bytes: number };

const withBytes = ["ready", "quarantined"] as const;
const pageSize = 500;
const atOnce = 8;

/**
 * Takes every object that a row leads to into the pool, unless it is there, and says where it lies. Rows are read in
 * the order of their making, so that those made meanwhile come up at the end.
 */
export async function* poolObjects(db: Database, deps: Deps): AsyncGenerator<Found> {
  let last: string | undefined;
  for (;;) {
    const rows: FileRow[] = await db
      .select()
      .from(file)
      .where(and(ne(file.status, "rejected"), last === undefined ? undefined : gt(file.id, last)))
      .orderBy(asc(file.id))
      .limit(pageSize);
    const wanted = rows.flatMap(objectsOf);
    for (let i = 0; i < wanted.length; i += atOnce)
      yield* await Promise.all(wanted.slice(i, i + atOnce).map((object) => poolObject(object, deps)));
    last = rows.at(-1)?.id;
    if (rows.length < pageSize) return;
  }
}

function objectsOf(row: FileRow): Wanted[] {
  const key = objectKey(row);
  const settled = isSettled(row);
  const pictures = row.sizes.map((size) => sizeKey(key, size as PictureSize));
  return [
    { row, key, settled, sha256: settled ? row.sha256 : null },
    ...pictures.map((picture) => ({ row, key: picture, settled, sha256: null })),
  ];
}

const isSettled = ({ status }: FileRow): boolean => withBytes.some((known) => known === status);

async function poolObject(wanted: Wanted, { storage, pool, sealer }: Deps): Promise<Found> {
  const { row, key, settled, sha256 } = wanted;
  const found = (pooled: Pooled | null): Found => ({
    key,
    sha256,
    row,
    settled,
    pooled: pooled?.name ?? null,
    bytes: pooled?.bytes ?? 0,
  });
  // A picture is drawn anew before its row says so: these are other bytes, although the key is the same.
  const id = contentId(key, `${row.status === "processing"} ${row.size} ${row.sha256}`);
  const known = await pool.find(id);
  if (known) return found(known);
  const source = await storage.read(key);
  if (!source) return found(null);
  const added = await pool.add(id, source, sealer);
  if (isAsRegistered(wanted, added.plain)) return found(await added.keep());
  await added.drop();
  return found(null);
}

function isAsRegistered(
  { row, key, settled, sha256 }: Wanted,
  plain: { bytes: number; sha256: string },
): boolean {
  if (!settled || key !== objectKey(row)) return true;
  return plain.bytes === row.size && (sha256 === null || sha256 === plain.sha256);
}

/** Whether the file is still there with bytes that ought to be: then they were lost, and not deleted meanwhile. */
export async function isStillThere(db: Database, { id }: FileRow): Promise<boolean> {
  const [row] = await db
    .select({ id: file.id })
    .from(file)
    .where(and(eq(file.id, id), inArray(file.status, withBytes)));
  return row !== undefined;
}
