import { randomBytes, randomUUID } from "node:crypto";
import { Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import type { ListedObject, StoragePort } from "../../src/adapters/storage/port.ts";

export const MIB = 1024 * 1024;
export const TYPE = "image/png";

export function newKey(): string {
  return `staging/documents/${randomUUID()}.png`;
}

export async function putBytes(
  storage: StoragePort,
  key: string,
  bytes: Uint8Array | string,
): Promise<Buffer> {
  const body = Buffer.from(bytes);
  await storage.put(key, body, { contentType: TYPE, size: body.length });
  return body;
}

/** An object with random bytes. */
export async function putRandom(storage: StoragePort, size: number): Promise<{ key: string; bytes: Buffer }> {
  const key = newKey();
  return { key, bytes: await putBytes(storage, key, randomBytes(size)) };
}

export async function readBytes(
  storage: StoragePort,
  key: string,
  range?: { start: number; end: number },
): Promise<Buffer | null> {
  const stream = await storage.read(key, range);
  return stream && buffer(stream);
}

/** A reader that takes a break of `ms` before every `every`th chunk, and what it has received. */
export function slowReader(ms: number, every: number): { into: Writable; received: Buffer[] } {
  const received: Buffer[] = [];
  const into = new Writable({
    highWaterMark: 1,
    async write(chunk: Buffer, _, done) {
      if (ms > 0 && received.length % every === 0) await wait(ms);
      received.push(Buffer.from(chunk));
      done();
    },
  });
  return { into, received };
}

/** Everything below a prefix. */
export async function listAll(storage: StoragePort, prefix: string): Promise<ListedObject[]> {
  const listed: ListedObject[] = [];
  for await (const object of storage.list(prefix)) listed.push(object);
  return listed;
}
