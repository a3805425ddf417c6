import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { mapFaults, nullIfMissing } from "./disk.faults.ts";
import { type DiskFolders, OBJECT_SUFFIX } from "./disk.folders.ts";
import { assertPrefix, isKey } from "./keys.ts";
import type { ListedObject } from "./port.ts";

/** Objects whose key starts with `prefix`, in key order; one folder at a time is in memory. */
export async function* listDisk(folders: DiskFolders, prefix: string): AsyncGenerator<ListedObject> {
  const folder = assertPrefix(prefix).slice(0, prefix.lastIndexOf("/") + 1);
  for await (const key of keysBelow(folders.objects, folder, prefix)) {
    const stats = await mapFaults(nullIfMissing(stat(join(folders.objects, key) + OBJECT_SUFFIX)));
    if (stats !== null) yield { key, size: stats.size, lastModified: stats.mtime };
  }
}

async function* keysBelow(top: string, folder: string, prefix: string): AsyncGenerator<string> {
  const entries = await mapFaults(nullIfMissing(readdir(join(top, folder), { withFileTypes: true })));
  // Files that others put here are no objects.
  const found = (entries ?? [])
    .filter((entry) => entry.isDirectory() || entry.name.endsWith(OBJECT_SUFFIX))
    .map(
      (entry) =>
        folder + (entry.isDirectory() ? `${entry.name}/` : entry.name.slice(0, -OBJECT_SUFFIX.length)),
    )
    .filter((path) => path.startsWith(prefix))
    .sort((a, b) => (a < b ? -1 : 1));
  for (const path of found) {
    if (path.endsWith("/")) yield* keysBelow(top, path, prefix);
    else if (isKey(path)) yield path;
  }
}
