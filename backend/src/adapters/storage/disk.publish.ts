import { randomUUID } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf, nullIfMissing } from "./disk.faults.ts";
import { type DiskFolders, objectPath, PRIVATE_FOLDER } from "./disk.folders.ts";
import { exactly } from "./exact.ts";
import type { ObjectHead } from "./port.ts";

/** A temporary file, written by `fill` and safe on disk; nothing is left of it when that fails. Returns its path. */
export async function writeTemporary(
  folders: DiskFolders,
  fill: (file: FileHandle, path: string) => Promise<void>,
): Promise<string> {
  const path = join(folders.temporary, randomUUID());
  const file = await open(path, "wx", 0o600);
  try {
    await fill(file, path);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return path;
}

/** For `writeTemporary`: exactly `size` bytes, or `validation_failed`. */
export function bytes(size: number, source: AsyncIterable<Uint8Array>) {
  return async (file: FileHandle): Promise<void> => {
    for await (const chunk of exactly(size, source)) await file.appendFile(chunk);
  };
}

/** Makes a temporary file the object at `key`, replacing it whole. */
export async function publish(folders: DiskFolders, temporary: string, key: string): Promise<ObjectHead> {
  const target = objectPath(folders, key);
  let head: ObjectHead;
  try {
    head = toHead(await stat(temporary, { bigint: true }));
    await renameIntoFolder(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  for (let folder = dirname(target); folder.length >= folders.objects.length; folder = dirname(folder)) {
    // When the object was deleted again, and its folder with it, there is nothing left to keep.
    await nullIfMissing(syncFolder(folder));
  }
  return head;
}

/** The ETag tells one version of a file from another: a replaced one has another inode or another time. */
export function toHead(stats: BigIntStats): ObjectHead {
  const etag = [stats.size, stats.mtimeNs, stats.ino].map((part) => part.toString(36)).join("-");
  return { size: Number(stats.size), etag: `"${etag}"`, lastModified: stats.mtime };
}

/** Deleting the last object of a folder removes the folder, perhaps before our `rename`, or while `mkdir` goes down to it. */
async function renameIntoFolder(temporary: string, target: string, attempts = 10): Promise<void> {
  try {
    await mkdir(dirname(target), PRIVATE_FOLDER);
    await rename(temporary, target);
  } catch (error) {
    if (!["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "") || attempts === 1) throw error;
    await renameIntoFolder(temporary, target, attempts - 1);
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder to flush it.
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  await folder.sync().finally(() => folder.close());
}
