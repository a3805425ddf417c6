import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../errors.ts";
import { mapFaults, nullIfMissing } from "./disk.faults.ts";
import { type DiskFolders, objectPath, PRIVATE_FOLDER } from "./disk.folders.ts";
import { bytes, publish, toHead, writeTemporary } from "./disk.publish.ts";
import { assertPrefix } from "./keys.ts";
import { chooseParts } from "./parts.ts";
import type { ListedMultipart, ObjectHead, PartRef, UploadedPart } from "./port.ts";

const UPLOAD_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const KEY_FILE = "key";

export type DiskMultipart = ReturnType<typeof createDiskMultipart>;

/** Uploads in parts: a folder each, with a file per part and one that names the key. */
export function createDiskMultipart(folders: DiskFolders) {
  /** The folder of an upload of this key; rejects with `not_found`. */
  async function folderOf(key: string, uploadId: string): Promise<string> {
    const folder = join(folders.multipart, uploadId);
    const known = UPLOAD_ID.test(uploadId) && (await nullIfMissing(readFile(join(folder, KEY_FILE), "utf8")));
    if (known !== key) throw noUpload();
    return folder;
  }

  /** Out of sight at once: a process killed while it deletes leaves nothing that could be taken for an upload. */
  async function forget(folder: string): Promise<void> {
    const gone = join(folders.temporary, randomUUID());
    if (await nullIfMissing(rename(folder, gone).then(() => true))) await rm(gone, { recursive: true });
  }

  async function listParts(key: string, uploadId: string): Promise<UploadedPart[]> {
    const folder = await folderOf(key, uploadId);
    const numbers = (await readdir(folder)).filter((name) => name !== KEY_FILE).map(Number);
    return Promise.all(
      numbers
        .sort((a, b) => a - b)
        .map(async (partNumber) => {
          const { etag, size } = toHead(await stat(join(folder, String(partNumber)), { bigint: true }));
          return { partNumber, etag, size };
        }),
    );
  }

  return {
    listParts,

    async start(key: string): Promise<string> {
      objectPath(folders, key);
      const uploadId = randomUUID();
      const folder = join(folders.temporary, uploadId);
      await mkdir(folder, PRIVATE_FOLDER);
      try {
        await rename(await writeTemporary(folders, (file) => file.writeFile(key)), join(folder, KEY_FILE));
        // There with its key or not at all: nobody would ever let go of one without.
        await rename(folder, join(folders.multipart, uploadId));
      } catch (error) {
        await rm(folder, { recursive: true, force: true });
        throw error;
      }
      return uploadId;
    },

    async putPart(
      part: { key: string; uploadId: string; partNumber: number; size: number },
      body: AsyncIterable<Uint8Array>,
    ): Promise<ObjectHead> {
      const folder = await folderOf(part.key, part.uploadId);
      const temporary = await writeTemporary(folders, bytes(part.size, body));
      const head = toHead(await stat(temporary, { bigint: true }));
      const stored = await nullIfMissing(
        rename(temporary, join(folder, String(part.partNumber))).then(() => true),
      );
      if (stored) return head;
      // Aborted or completed while the bytes were on their way.
      await rm(temporary, { force: true });
      throw noUpload();
    },

    async complete(key: string, uploadId: string, parts: readonly PartRef[]): Promise<void> {
      const folder = await folderOf(key, uploadId);
      const chosen = chooseParts(parts, await listParts(key, uploadId));
      const total = chosen.reduce((sum, { size }) => sum + size, 0);
      const paths = chosen.map(({ partNumber }) => join(folder, String(partNumber)));
      await publish(folders, await writeTemporary(folders, bytes(total, concatenated(paths))), key);
      await forget(folder);
    },

    async abort(key: string, uploadId: string): Promise<void> {
      const folder = await folderOf(key, uploadId).catch((error: unknown) => {
        if (error instanceof AppError && error.code === "not_found") return null;
        throw error;
      });
      if (folder !== null) await forget(folder);
    },

    async *list(prefix: string): AsyncGenerator<ListedMultipart> {
      assertPrefix(prefix);
      for (const uploadId of await mapFaults(readdir(folders.multipart))) {
        const path = join(folders.multipart, uploadId, KEY_FILE);
        const key = await mapFaults(nullIfMissing(readFile(path, "utf8")));
        const stats = await mapFaults(nullIfMissing(stat(path)));
        if (stats !== null && key?.startsWith(prefix)) yield { key, uploadId, initiatedAt: stats.mtime };
      }
    },
  };
}

function noUpload(): AppError {
  return new AppError("not_found", "There is no such upload.");
}

async function* concatenated(paths: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const path of paths) yield* createReadStream(path);
}
