import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Encrypter } from "age-encryption";
import { POOL, syncFolder } from "./layout.ts";
import { tally, writeSealed } from "./seal.ts";

/** `<what it holds>-<SHA-256 of the encrypted file>.age`: being there under its name means being whole. */
const POOLED = /^([0-9a-f]{40})-([0-9a-f]{64})\.age$/;
const folderOf = (name: string): string => name.slice(0, 3);
const TEMPORARY = "tmp";

/** Says nothing of whose bytes they are, and is another one when the bytes behind a key become others. */
export const contentId = (key: string, version: string): string =>
  createHash("sha256").update(`${key}\n${version}`).digest("hex").slice(0, 40);

export interface Pooled {
  readonly name: string;
  /** As encrypted. */
  readonly bytes: number;
}

export type Pool = ReturnType<typeof createPool>;

/** The encrypted bytes of files, each once for all backups of a folder. */
export function createPool(backups: string) {
  const root = join(backups, POOL);
  const pathOf = (name: string): string => {
    if (!POOLED.test(name)) throw new Error("The backup names a file that is none of its pool.");
    return join(root, folderOf(name), name);
  };

  return {
    pathOf,

    /** SHA-256 that the encrypted file must have. */
    hashOf: (name: string): string => POOLED.exec(name)?.[2] ?? "",

    /** Makes the folder, and clears what a killed process left. One process at a time. */
    async prepare(): Promise<void> {
      await rm(join(root, TEMPORARY), { recursive: true, force: true });
      await mkdir(join(root, TEMPORARY), { recursive: true, mode: 0o700 });
    },

    async find(id: string): Promise<Pooled | null> {
      const folder = join(root, folderOf(id));
      const names = await readdir(folder).catch(noneIfMissing);
      const name = names.find((candidate) => candidate.startsWith(`${id}-`) && POOLED.test(candidate));
      return name ? { name, bytes: (await stat(join(folder, name))).size } : null;
    },

    /** Takes bytes in; `plain` is what they were before they were encrypted. */
    async add(id: string, source: Readable, sealer: Encrypter) {
      const temporary = join(root, TEMPORARY, randomUUID());
      const plain = tally(source);
      const { bytes, sha256 } = await writeSealed(temporary, plain.stream, sealer);
      const name = `${id}-${sha256}.age`;
      const keep = async (): Promise<Pooled> => {
        await mkdir(join(root, folderOf(name)), { recursive: true, mode: 0o700 });
        await rename(temporary, pathOf(name));
        await syncFolder(join(root, folderOf(name)));
        return { name, bytes };
      };
      return { plain: plain.of, keep, drop: () => unlink(temporary) };
    },

    /** Removes what no backup needs any more, and says how many that were. */
    async removeAllBut(needed: ReadonlySet<string>): Promise<number> {
      let removed = 0;
      for (const folder of await readdir(root)) {
        if (folder === TEMPORARY) continue;
        for (const name of await readdir(join(root, folder))) {
          if (!POOLED.test(name) || needed.has(name)) continue;
          await unlink(join(root, folder, name));
          removed += 1;
        }
      }
      return removed;
    },
  };
}

function noneIfMissing(error: unknown): string[] {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
  throw error;
}
