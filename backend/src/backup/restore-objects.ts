import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Decrypter } from "age-encryption";
import type { StoragePort } from "../adapters/storage/port.ts";
import { type Manifest, type ObjectLine, objectLine } from "./layout.ts";
import { createPool, type Pool } from "./pool.ts";
import { hashAll, openSealed, tally } from "./seal.ts";

interface Source {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly opener: Decrypter;
}

type Store = Pick<StoragePort, "list" | "put" | "read">;

/** @throws when the store holds bytes of files */
export async function assertNoObjects(storage: Store): Promise<void> {
  for await (const { key } of storage.list("objects/"))
    throw new Error(`The store is not empty: it holds ${key}.`);
}

const atOnce = 8;

/**
 * Puts every object of the backup into the store.
 *
 * @param verify reads each one back and compares it
 * @returns how many there are
 * @throws when a file of the pool is missing or was changed, or the store gives back something else
 */
export async function restoreObjects(source: Source, storage: Store, verify: boolean): Promise<number> {
  const { folder, manifest, opener } = source;
  const pool = createPool(dirname(folder));
  const { file, bytes } = manifest.objects.part;
  const { stream } = await openSealed(join(folder, file), bytes, opener);
  let restored = 0;
  let batch: ObjectLine[] = [];
  const flush = async (): Promise<void> => {
    await Promise.all(batch.map((line) => restoreObject(line, { pool, opener, storage, verify })));
    restored += batch.length;
    batch = [];
  };
  for await (const text of linesOf(stream)) {
    const line = objectLine.parse(JSON.parse(text));
    if (line.pooled === null) continue;
    batch.push(line);
    if (batch.length === atOnce) await flush();
  }
  await flush();
  if (restored !== manifest.objects.count)
    throw new Error(`The backup holds ${restored} objects instead of ${manifest.objects.count}.`);
  return restored;
}

/** Unlike readline, fails when the stream does. */
async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") throw new Error("The list of objects ends in the middle of a line.");
}

async function restoreObject(
  { key, sha256, pooled }: ObjectLine,
  { pool, opener, storage, verify }: { pool: Pool; opener: Decrypter; storage: Store; verify: boolean },
): Promise<void> {
  const name = pooled ?? "";
  const path = pool.pathOf(name);
  const { size: bytes } = await stat(path);
  const { stream, size, sealed } = await openSealed(path, bytes, opener);
  const plain = tally(stream);
  // What it is called at download comes from its row.
  await storage.put(key, plain.stream, { contentType: "application/octet-stream", size });
  if (sealed.sha256 !== pool.hashOf(name)) throw new Error(`The bytes of ${key} were changed in the backup.`);
  if (sha256 !== null && plain.of.sha256 !== sha256)
    throw new Error(`The bytes of ${key} are not those that its row tells of.`);
  if (verify && (await hashInStore(storage, key)) !== plain.of.sha256)
    throw new Error(`The store gives back other bytes of ${key} than it was given.`);
}

async function hashInStore(storage: Store, key: string): Promise<string | null> {
  const stream = await storage.read(key);
  return stream && hashAll(stream);
}
