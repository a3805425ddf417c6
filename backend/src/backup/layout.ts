import { createHash } from "node:crypto";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** A folder of backups holds one folder for each, and the bytes of files, which they share. */
export const POOL = "objects";
export const MANIFEST = "manifest.json";
/** What is being written; it counts for nothing until it is renamed. */
export const PARTIAL = ".partial-";

/** Never a path: a forged manifest must not reach beyond its folder. */
const fileName = z.string().regex(/^[a-z0-9_][a-z0-9_.-]*$/);
const count = z.number().int().min(0);
const part = z.strictObject({ file: fileName, bytes: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) });

const manifestSchema = z.strictObject({
  format: z.literal(1),
  createdAt: z.iso.datetime(),
  /** Of the product that made it. */
  version: z.string(),
  /** Those that its rows have been through, as Drizzle numbers them. */
  migrations: z.array(z.number()),
  tables: z.array(
    z.strictObject({ schema: z.string(), name: z.string(), columns: z.array(z.string()), rows: count, part }),
  ),
  /** Encrypted: which object lies where in the pool. */
  objects: z.strictObject({ count, bytes: count, missing: count, part }),
  /** In the open: the pool's files that it needs, for whoever tidies up without being able to read it. */
  pool: part,
});

export type Part = z.infer<typeof part>;
export type Manifest = z.infer<typeof manifestSchema>;
export type TablePart = Manifest["tables"][number];

/** One line of the list of objects: where the bytes are, or that the store had none either. */
export const objectLine = z.strictObject({
  key: z.string(),
  /** Of its bytes, where the row knows it. */
  sha256: z.string().nullable(),
  /** Its file in the pool; null when it was lost before. */
  pooled: z.string().nullable(),
});
export type ObjectLine = z.infer<typeof objectLine>;

export const allParts = ({ tables, objects, pool }: Manifest): Part[] => [
  ...tables.map((table) => table.part),
  objects.part,
  pool,
];

/**
 * The manifest of a finished backup.
 *
 * @throws when it is missing, malformed or from a later release, or a part is missing or of another length
 */
export async function readManifest(folder: string): Promise<{ manifest: Manifest; sha256: string }> {
  const text = await readFile(join(folder, MANIFEST));
  const manifest = manifestSchema.parse(JSON.parse(text.toString("utf8")));
  for (const { file, bytes } of allParts(manifest)) {
    const { size } = await stat(join(folder, file));
    if (size !== bytes) throw new Error(`${file} has ${size} bytes instead of ${bytes}`);
  }
  return { manifest, sha256: createHash("sha256").update(text).digest("hex") };
}

/** Folders that may be backups, oldest first. */
export async function backupNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && /^\d{4}-\d\d-\d\dT/.test(entry.name))
    .map(({ name }) => name)
    .sort();
}

/** When the newest good backup of a folder was made, in milliseconds since 1970; undefined when there is none. */
export async function newestBackup(folder: string): Promise<number | undefined> {
  for (const name of (await backupNames(folder)).reverse()) {
    const good = await readManifest(join(folder, name)).catch(() => undefined);
    if (good) return Date.parse(good.manifest.createdAt);
  }
  return undefined;
}

/** Makes names in a folder outlive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}
