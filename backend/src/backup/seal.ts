import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Decrypter, Encrypter } from "age-encryption";
import type { Part } from "./layout.ts";

/** What went through a stream. */
interface Tally {
  bytes: number;
  sha256: string;
}

/**
 * The same bytes, counted and hashed; `of` is complete at the stream's end. Nothing is read, and nothing can fail,
 * before somebody reads.
 */
export function tally(source: AsyncIterable<Uint8Array>): { stream: Readable; of: Tally } {
  const hash = createHash("sha256");
  const of: Tally = { bytes: 0, sha256: "" };
  async function* pass(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      hash.update(chunk);
      of.bytes += chunk.length;
      yield chunk;
    }
    of.sha256 = hash.digest("hex");
  }
  return { stream: Readable.from(pass(), { objectMode: false }), of };
}

/** SHA-256 of all bytes. */
export async function hashAll(source: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of source) hash.update(chunk);
  return hash.digest("hex");
}

/** @throws when a recipient is malformed */
export function createSealer(recipients: readonly string[]): Encrypter {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return encrypter;
}

/**
 * Identities of a file as `age-keygen` writes it.
 *
 * @throws when there is none, or a line is none
 */
export function createOpener(identities: string): Decrypter {
  const decrypter = new Decrypter();
  const lines = identities.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
  if (lines.length === 0) throw new Error("The identity file holds no identity.");
  for (const line of lines) decrypter.addIdentity(line.trim());
  return decrypter;
}

/** Streams of Node and of the web are the same to us. */
type Bytes = ReadableStream<Uint8Array>;
const toWeb = (stream: Readable): Bytes => Readable.toWeb(stream) as unknown as Bytes;
function fromWeb(web: Bytes): Readable {
  const stream = Readable.fromWeb(web as unknown as Parameters<typeof Readable.fromWeb>[0]);
  // It may fail before anybody reads; whoever does then is told.
  return stream.on("error", () => {});
}

/** Writes a new file, encrypted and flushed; answers what is in it now. */
export async function writeSealed(path: string, source: Readable, sealer: Encrypter): Promise<Part> {
  return writePlain(path, fromWeb(await sealer.encrypt(toWeb(source))));
}

/** Writes a new file in the open. */
export async function writePlain(path: string, source: AsyncIterable<Uint8Array>): Promise<Part> {
  const { stream, of } = tally(source);
  await pipeline(stream, createWriteStream(path, { flags: "wx", mode: 0o600, flush: true }));
  return { file: basename(path), ...of };
}

/** @throws when the file is not the one of the manifest */
export async function checkPart(path: string, { file, sha256 }: Part): Promise<void> {
  if ((await hashAll(createReadStream(path))) !== sha256)
    throw new Error(`${file} was changed: its SHA-256 is not the manifest's`);
}

/**
 * What is in an encrypted file, and how long it is. `sealed` is what was read of the file itself.
 *
 * @throws when no identity opens it; the stream fails when a byte was changed or the end is missing
 */
export async function openSealed(
  path: string,
  bytes: number,
  opener: Decrypter,
): Promise<{ stream: Readable; size: number; sealed: Tally }> {
  const { stream, of } = tally(createReadStream(path));
  const plain = await opener.decrypt(toWeb(stream));
  return { stream: fromWeb(plain), size: plain.size(bytes), sealed: of };
}
