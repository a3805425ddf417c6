import { connect, type Socket } from "node:net";

interface Address {
  readonly host: readonly string[];
  readonly port: readonly number[];
}

const timedOut = (what: string): Error => Object.assign(new Error(what), { code: "ETIMEDOUT" });

/**
 * A connected socket that is cut when nothing moves on it for `silenceMs`. Without it a database whose packets get lost
 * keeps every statement, and with it every request, waiting until the kernel gives up a quarter of an hour later.
 *
 * Counters are polled instead of events listened to: the driver takes all listeners off when it starts TLS.
 */
export function watchedSocket({ host, port }: Address, silenceMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: host[0] ?? "localhost",
      port: port[0] ?? 5432,
      noDelay: true,
      keepAlive: true,
    });
    const tooLate = setTimeout(
      () => socket.destroy(timedOut("The database did not accept a connection in time")),
      silenceMs,
    );
    socket.once("error", (error) => {
      clearTimeout(tooLate);
      reject(error);
    });
    socket.once("connect", () => {
      clearTimeout(tooLate);
      socket.removeAllListeners("error");
      watch(socket, silenceMs);
      resolve(socket);
    });
  });
}

function watch(socket: Socket, silenceMs: number): void {
  let moved = -1;
  let quietSince = performance.now();
  const timer = setInterval(() => {
    if (socket.destroyed) return clearInterval(timer);
    const now = socket.bytesRead + socket.bytesWritten;
    if (now !== moved) {
      moved = now;
      quietSince = performance.now();
    } else if (performance.now() - quietSince >= silenceMs) {
      socket.destroy(timedOut("The database did not answer in time"));
    }
  }, 250);
  timer.unref();
}
