import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";
import { mapFaults, nullIfMissing } from "./disk.faults.ts";
import { type DiskFolders, OBJECT_SUFFIX } from "./disk.folders.ts";
import { assertPrefix, isKey } from "./keys.ts";
import type { ListedObject } from "./port.ts";

/** Names of a folder that are in memory at a time: a few megabytes. A folder of more is read once for each so many. */
const PAGE_SIZE = 20_000;

/** Objects whose key starts with `prefix`, in key order, in bounded memory. */
export async function* listDisk(
  folders: DiskFolders,
  prefix: string,
  pageSize = PAGE_SIZE,
): AsyncGenerator<ListedObject> {
  const folder = assertPrefix(prefix).slice(0, prefix.lastIndexOf("/") + 1);
  for await (const key of keysBelow(folders.objects, folder, prefix, pageSize)) {
    const stats = await mapFaults(nullIfMissing(stat(join(folders.objects, key) + OBJECT_SUFFIX)));
    if (stats !== null) yield { key, size: stats.size, lastModified: stats.mtime };
  }
}

async function* keysBelow(
  top: string,
  folder: string,
  prefix: string,
  pageSize: number,
): AsyncGenerator<string> {
  let last = "";
  for (;;) {
    const page = await mapFaults(pageAfter(last, top, folder, prefix, pageSize));
    for (const path of page) {
      if (path.endsWith("/")) yield* keysBelow(top, path, prefix, pageSize);
      else if (isKey(path)) yield path;
    }
    last = page[pageSize - 1] ?? "";
    if (last === "") return;
  }
}

/** What comes next in a folder, which itself has no order: objects by key, folders with a slash at their end. */
async function pageAfter(
  last: string,
  top: string,
  folder: string,
  prefix: string,
  pageSize: number,
): Promise<string[]> {
  let first: string[] = [];
  const entries = await nullIfMissing(opendir(join(top, folder), { bufferSize: 256 }));
  for await (const entry of entries ?? []) {
    // Files that others put here are no objects.
    if (!entry.isDirectory() && !entry.name.endsWith(OBJECT_SUFFIX)) continue;
    const path =
      folder + (entry.isDirectory() ? `${entry.name}/` : entry.name.slice(0, -OBJECT_SUFFIX.length));
    if (path <= last || !path.startsWith(prefix)) continue;
    first.push(path);
    if (first.length === 2 * pageSize) first = first.sort().slice(0, pageSize);
  }
  return first.sort().slice(0, pageSize);
}
