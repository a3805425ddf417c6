import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Server as TcpServer } from "node:net";

interface Times {
  /** What still runs after this many ms is cut off. */
  readonly graceMs?: number;
  /** How long a connection without a request may stay: what is on its way to us at the signal still arrives. */
  readonly idleMs?: number;
}

/**
 * Makes a server that can be stopped without failing a request. A proxy keeps connections open and may send its next
 * request on one at the very moment we close it, and may not repeat a POST. So nothing is closed at first but the
 * port: whatever comes on a connection that is open is answered, with `Connection: close`.
 *
 * @returns stops it; resolves once every connection has ended
 */
export function drainable(
  server: Server,
  { graceMs = 15_000, idleMs = 5_000 }: Times = {},
): () => Promise<void> {
  const answers = new Map<Socket, Set<ServerResponse>>();
  let state: "serving" | "draining" | "closing" = "serving";

  const closeIfIdle = (socket: Socket): void => {
    if (state === "closing" && answers.get(socket)?.size === 0) socket.destroy();
  };

  server.on("connection", (socket: Socket) => {
    answers.set(socket, new Set());
    socket.once("close", () => answers.delete(socket));
  });
  server.prependListener("request", (request, response) => {
    const { socket } = request;
    if (state !== "serving") response.shouldKeepAlive = false;
    answers.get(socket)?.add(response);
    response.once("close", () => {
      answers.get(socket)?.delete(response);
      closeIfIdle(socket);
    });
  });

  return () =>
    new Promise((resolve) => {
      state = "draining";
      for (const unsent of answers.values()) for (const answer of unsent) answer.shouldKeepAlive = false;
      // Not the server's own close, which ends idle connections at once.
      TcpServer.prototype.close.call(server, () => resolve());
      setTimeout(() => {
        state = "closing";
        for (const socket of answers.keys()) closeIfIdle(socket);
      }, idleMs).unref();
      setTimeout(() => server.closeAllConnections(), graceMs).unref();
    });
}
