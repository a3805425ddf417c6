import { connect, type Socket } from "node:net";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError } from "../../errors.ts";
import { readReply } from "./clamd.reply.ts";
import type { ScannerPort, Verdict } from "./port.ts";

interface Options {
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
  /** Larger files are not sent; clamd must be set to take this many bytes. */
  readonly maxBytes: number;
  /** Longest silence on the connection; scanning itself is silent. */
  readonly timeoutMs: number;
}

interface Body {
  readonly bytes: Readable;
  readonly size: number;
}

const connectMs = 5000;
/** Readiness asks, and waits for three seconds. */
const pingMs = 2000;
const longestReply = 4096;
const terminator = Buffer.alloc(4);

/**
 * ClamAV's daemon over its own protocol (`man clamd`): a connection for each question, the bytes in chunks that carry
 * their length, at the pace of the daemon. It has no authentication: its socket belongs on a private network.
 */
export function createClamd({ address, maxBytes, timeoutMs }: Options): ScannerPort {
  async function ask(command: string, patienceMs: number, body?: Body): Promise<string> {
    const socket = connect(address);
    socket.setTimeout(Math.min(connectMs, patienceMs), () => socket.destroy(new Error("timed out")));
    socket.once("connect", () => socket.setTimeout(patienceMs));
    const answered = replyOf(socket);
    let whole = body === undefined;
    // An answer to less than everything ends the sending.
    answered.then(
      () => whole || socket.destroy(),
      () => undefined,
    );
    try {
      socket.write(`z${command}\0`);
      if (body) {
        const frames = (source: Readable) =>
          chunked(source, body.size, () => {
            whole = true;
          });
        await pipeline(body.bytes, frames, socket, { end: false }).catch(async (error) => {
          socket.destroy();
          // A refusal says more than the broken pipe it leaves; a verdict on half a file is none.
          const refusal = await answered.catch(() => "");
          if (!refusal.endsWith(" ERROR")) throw error;
        });
      }
      return await answered;
    } catch (error) {
      if (error instanceof AppError) throw error;
      const more = { cause: error, retryAfter: 60 };
      throw new AppError("unavailable", "The malware scanner does not answer", more);
    } finally {
      socket.destroy();
    }
  }

  return {
    async scan(bytes, size): Promise<Verdict> {
      if (size > maxBytes) {
        bytes.destroy();
        return { is: "unscannable", reason: "larger than SCAN_MAX_BYTES" };
      }
      return readReply(await ask("INSTREAM", timeoutMs, { bytes, size }));
    },

    async check() {
      const reply = await ask("PING", pingMs);
      if (reply !== "PONG") throw new AppError("unavailable", "The malware scanner does not answer");
    },
  };
}

/** The frames of INSTREAM. The last one, which makes clamd judge, is only sent once everything was. */
async function* chunked(source: Readable, size: number, onWhole: () => void): AsyncGenerator<Buffer> {
  let sent = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    if (chunk.length === 0) continue;
    sent += chunk.length;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(chunk.length);
    yield length;
    yield chunk;
  }
  if (sent !== size)
    throw new AppError("unavailable", `The store gave ${sent} of ${size} bytes`, { retryAfter: 60 });
  onWhole();
  yield terminator;
}

/** The reply without its final NUL, by which one knows that it is whole. */
function replyOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = "";
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      reply += text;
      if (reply.endsWith("\0")) resolve(reply.slice(0, -1));
      else if (reply.length > longestReply) reject(new Error("the reply has no end"));
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed without a reply")));
  });
}
