import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { backupNames, type Manifest, readManifest } from "./layout.ts";
import type { Pool } from "./pool.ts";

/**
 * Removes all but the newest `keep` good backups, and the bytes that none of those needs. What is no good backup counts
 * for nothing and is left to a person; while there is one, no bytes are removed, for it may need them.
 */
export async function removeOld(
  folder: string,
  keep: number,
  pool: Pool,
): Promise<{ removed: string[]; unreadable: string[] }> {
  const good: { name: string; manifest: Manifest }[] = [];
  const unreadable: string[] = [];
  for (const name of await backupNames(folder))
    await readManifest(join(folder, name)).then(
      ({ manifest }) => good.push({ name, manifest }),
      () => unreadable.push(name),
    );
  const old = good.splice(0, Math.max(good.length - Math.max(keep, 1), 0));
  for (const { name } of old) await rm(join(folder, name), { recursive: true });
  if (unreadable.length === 0 && old.length > 0) await pool.removeAllBut(await neededBy(folder, good));
  return { removed: old.map(({ name }) => name), unreadable };
}

async function neededBy(
  folder: string,
  backups: readonly { name: string; manifest: Manifest }[],
): Promise<Set<string>> {
  const needed = new Set<string>();
  for (const { name, manifest } of backups) {
    const text = await readFile(join(folder, name, manifest.pool.file), "utf8");
    for (const line of text.split("\n")) if (line) needed.add(line);
  }
  return needed;
}
