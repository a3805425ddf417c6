import { Agent } from "node:http";
import { Agent as TlsAgent } from "node:https";
import type { Duplex } from "node:stream";
import { readsMax } from "./port.ts";

/**
 * What all connections read into that have no taker: as much as Node reads at a time. The parser copies what it is given,
 * so it is free again at once, where new memory for each read would be most of what is left to collect.
 */
const shared = Buffer.allocUnsafeSlow(64 * 1024);
/** Fewer, larger reads for those who need the memory for longer. */
const TAKEN_BYTES = 128 * 1024;

/** Takes what was read from a connection; it is read on when the connection is resumed, into the same memory. */
export type Taker = (bytes: Uint8Array) => void;

const takers = new WeakMap<Duplex, Taker>();

/** From now on what comes over this connection is given to `taker`, and no longer to its parser. */
export function takeOver(socket: Duplex, taker: Taker): void {
  takers.set(socket, taker);
}

/** How a connection reads (`onread` of `net.connect`). */
function onread() {
  let own: Uint8Array | undefined;
  let isTaken = false;
  return {
    buffer(): Uint8Array {
      if (!isTaken) return shared;
      own ??= Buffer.allocUnsafeSlow(TAKEN_BYTES);
      return own;
    },
    callback(this: Duplex, length: number, buffer: Uint8Array): boolean {
      const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, length);
      const taker = takers.get(this);
      isTaken = taker !== undefined;
      // The read that was under way when it was taken over went to where all others read.
      if (taker) taker(buffer === shared ? Buffer.from(bytes) : bytes);
      // As a connection does on which all of this is not set.
      else this.emit("data", bytes);
      return !taker;
    },
  };
}

type CreateConnection = Agent["createConnection"];

/** Connections to the store for downloads; each is kept for the next one, unless it was taken over. */
export function createDownloadAgent(protocol: string): Agent {
  class DownloadAgent extends (protocol === "https:" ? TlsAgent : Agent) {
    override createConnection(...[options, callback]: Parameters<CreateConnection>) {
      return super.createConnection({ ...options, onread: onread() } as typeof options, callback);
    }
  }
  return new DownloadAgent({ keepAlive: true, maxSockets: readsMax });
}
