import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { assertKey } from "./keys.ts";

/** Where the driver keeps things; `temporary` is on the same file system, so that a rename out of it is atomic. */
export interface DiskFolders {
  readonly objects: string;
  readonly temporary: string;
  readonly multipart: string;
}

/** No key contains it, so that the object `a` and the folder of `a/b` can both exist. */
export const OBJECT_SUFFIX = "=";
export const PRIVATE_FOLDER = { recursive: true, mode: 0o700 } as const;

/** Longer than any upload may take. */
const ORPHAN_AGE_MS = 25 * 60 * 60 * 1000;

/** Makes the folders below `root`, and removes what a killed process left half-written. */
export function prepareFolders(root: string): DiskFolders {
  const folders = {
    objects: join(root, "objects"),
    temporary: join(root, "tmp"),
    multipart: join(root, "multipart"),
  };
  for (const folder of Object.values(folders)) mkdirSync(folder, PRIVATE_FOLDER);
  const oldest = Date.now() - ORPHAN_AGE_MS;
  for (const name of readdirSync(folders.temporary)) {
    const path = join(folders.temporary, name);
    const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (modified !== undefined && modified < oldest) rmSync(path, { recursive: true, force: true });
  }
  return folders;
}

export function objectPath(folders: DiskFolders, key: string): string {
  return join(folders.objects, ...assertKey(key).split("/")) + OBJECT_SUFFIX;
}
