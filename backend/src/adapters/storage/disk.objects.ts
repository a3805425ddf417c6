import { constants } from "node:fs";
import { copyFile, type FileHandle, open, rmdir, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { AppError } from "../../errors.ts";
import { codeOf, nullIfMissing } from "./disk.faults.ts";
import { type DiskFolders, objectPath } from "./disk.folders.ts";
import { bytes, publish, toHead, writeTemporary } from "./disk.publish.ts";
import { sendFile } from "./disk.send.ts";
import type { ByteRange, ObjectHead, StoredBytes } from "./port.ts";

/** An object that stays as it was when opened, even when it is replaced or deleted meanwhile. */
export interface OpenObject extends ObjectHead {
  /** Closes itself at its end, on error and on `destroy()`. */
  stream(range?: ByteRange): Readable & { total: number; sendTo(destination: Writable): Promise<void> };
  /** For when `stream` is not called. */
  close(): Promise<void>;
}

export type DiskObjects = ReturnType<typeof createDiskObjects>;

/** Single objects as files. */
export function createDiskObjects(folders: DiskFolders) {
  async function openObject(key: string): Promise<OpenObject | null> {
    const file = await nullIfMissing(open(objectPath(folders, key), "r"));
    if (file === null) return null;
    try {
      return opened(file, toHead(await file.stat({ bigint: true })));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  return {
    open: openObject,

    async head(key: string): Promise<ObjectHead | null> {
      const stats = await nullIfMissing(stat(objectPath(folders, key), { bigint: true }));
      return stats && toHead(stats);
    },

    async read(key: string, range?: ByteRange): Promise<StoredBytes | null> {
      const object = await openObject(key);
      if (object === null || range === undefined) return object?.stream() ?? null;
      if (range.start < object.size) return object.stream(range);
      await object.close();
      throw new AppError("range_not_satisfiable", "The range starts behind the end of the file.");
    },

    async put(key: string, body: AsyncIterable<Uint8Array>, size: number): Promise<ObjectHead> {
      objectPath(folders, key);
      return publish(folders, await writeTemporary(folders, bytes(size, body)), key);
    },

    async copy(from: string, to: string): Promise<void> {
      const source = objectPath(folders, from);
      objectPath(folders, to);
      const temporary = await writeTemporary(folders, async (_file, path) => {
        // Costs no space where the file system can share blocks.
        const copied = copyFile(source, path, constants.COPYFILE_FICLONE).then(() => true);
        if (!(await nullIfMissing(copied))) throw new AppError("not_found", "There is no such file.");
      });
      await publish(folders, temporary, to);
    },

    async delete(key: string): Promise<void> {
      const path = objectPath(folders, key);
      const deleted = await nullIfMissing(unlink(path).then(() => true));
      if (deleted) await removeEmptyFolders(dirname(path), folders.objects);
    },
  };
}

function opened(file: FileHandle, head: ObjectHead): OpenObject {
  return {
    ...head,
    stream(range) {
      const stream = file.createReadStream(range && { start: range.start, end: range.end });
      const sent = range ?? { start: 0, end: head.size - 1 };
      /** Nothing is read from the stream then, but it holds the file open; destroyed, it ends the sending. */
      async function sendTo(destination: Writable): Promise<void> {
        const cut = () => destination.destroy();
        stream.once("close", cut);
        try {
          await sendFile(file, sent, destination);
        } catch (error) {
          throw stream.errored ?? error;
        } finally {
          stream.off("close", cut).destroy();
        }
      }
      return Object.assign(stream, {
        total: Math.min(sent.end + 1, head.size) - sent.start,
        sendTo,
      });
    },
    close: () => file.close(),
  };
}

async function removeEmptyFolders(folder: string, top: string): Promise<void> {
  for (let path = folder; path.length > top.length; path = dirname(path)) {
    try {
      await rmdir(path);
    } catch (error) {
      if (["ENOTEMPTY", "EEXIST", "ENOENT"].includes(codeOf(error) ?? "")) return;
      throw error;
    }
  }
}
