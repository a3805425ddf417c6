import type { IncomingMessage } from "node:http";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { TLSSocket } from "node:tls";
import type { StoredBytes } from "./port.ts";
import { takeOver } from "./s3.agent.ts";
import { failOnSilence } from "./s3.silence.ts";

/** From here on it is worth to lose the connection, which is not kept for the next download then. */
const LARGE_BYTES = 1024 * 1024;

/**
 * The store's answer as bytes: fails when the store falls silent for `silenceMs`. A large one goes to its destination
 * past the parser, through one piece of memory: Node's own way makes two for each read, and to collect them costs more than
 * the transfer.
 */
export function toStoredBytes(body: IncomingMessage, silenceMs: number): StoredBytes {
  let isReaderSlow = () => body.readableLength > 0;
  failOnSilence(body, silenceMs, () => isReaderSlow());
  const length = Number(body.headers["content-length"] ?? 0);
  // TLS gives all it has decrypted, also to who is not ready for more.
  const isLarge = length >= LARGE_BYTES && !(body.socket instanceof TLSSocket);

  async function sendLarge(destination: Writable): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { socket } = body;
    let left = length;
    let isWriting = false;
    isReaderSlow = () => isWriting;

    const pass = (bytes: Uint8Array): void => {
      left -= bytes.length;
      if (left < 0 || isWriting) {
        reject(new Error("The store sent more than it had announced"));
        return;
      }
      isWriting = true;
      destination.write(bytes, (error) => {
        isWriting = false;
        if (error) reject(error);
        else if (left === 0) destination.end(resolve);
        else socket.resume();
      });
    };

    body.once("error", reject).once("close", () => reject(new Error("The store cut the answer")));
    destination.once("error", reject).once("close", () => reject(hangUp()));
    if (destination.destroyed || body.destroyed) reject(hangUp());
    // What the parser was given before; nothing comes in between.
    const before: Buffer | null = body.read();
    takeOver(socket, pass);
    if (before) {
      socket.pause();
      pass(before);
    } else socket.resume();
    try {
      await promise;
    } catch (error) {
      destination.destroy();
      throw error;
    } finally {
      body.destroy();
    }
  }

  return Object.assign(body, {
    ...(body.headers["content-length"] !== undefined && { total: length }),
    sendTo: (destination: Writable): Promise<void> =>
      isLarge ? sendLarge(destination) : pipeline(body, destination),
  });
}

const hangUp = (): Error =>
  Object.assign(new Error("The reader left"), { code: "ERR_STREAM_PREMATURE_CLOSE" });
