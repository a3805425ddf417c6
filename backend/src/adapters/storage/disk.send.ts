import type { FileHandle } from "node:fs/promises";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ByteRange } from "./port.ts";

/** More than Node lets wait in front of a socket (64 KiB), so that each chunk is waited for. */
const BUFFER_BYTES = 256 * 1024;

/**
 * Writes a range of a file, no faster than `destination` takes it, and ends it; what fails destroys it. One buffer is
 * filled again and again: a stream of Node's makes one for each read, at three times the CPU and the memory.
 */
export async function sendFile(file: FileHandle, range: ByteRange, destination: Writable): Promise<void> {
  await pipeline(
    chunksOf(file, range, () => destination.writableLength === 0),
    destination,
  );
}

async function* chunksOf(
  file: FileHandle,
  { start, end }: ByteRange,
  isFlushed: () => boolean,
): AsyncGenerator<Uint8Array> {
  const allocate = () => Buffer.allocUnsafeSlow(Math.min(BUFFER_BYTES, end + 1 - start));
  let buffer = allocate();
  for (let position = start; position <= end; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end + 1 - position), position);
    if (bytesRead === 0) throw new Error("The file is shorter than it was when it was opened");
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
    // A short chunk may still wait for the socket, which then must not find other bytes in its place.
    if (!isFlushed()) buffer = allocate();
  }
}
