import { Socket } from "node:net";

/**
 * A socket that is cut when nothing moves on it for `silenceMs`. Without it a database whose packets get lost keeps
 * every statement, and with it every request, waiting until the kernel gives up a quarter of an hour later.
 *
 * Counters are polled instead of events listened to, so that it works below TLS as well.
 */
export function watchedSocket(silenceMs: number): Socket {
  const socket = new Socket();
  let moved = -1;
  let quietSince = performance.now();
  const timer = setInterval(() => {
    if (socket.destroyed) return clearInterval(timer);
    const now = socket.bytesRead + socket.bytesWritten;
    if (now !== moved) {
      moved = now;
      quietSince = performance.now();
    } else if (performance.now() - quietSince >= silenceMs) {
      const error = new Error("The database did not answer in time");
      socket.destroy(Object.assign(error, { code: "ETIMEDOUT" }));
    }
  }, 250);
  timer.unref();
  return socket;
}
