import { connect } from "node:net";
import { vi } from "vitest";

/** Until nobody takes connections at this port of this machine any more. */
export const refused = (port: number, timeout: number): Promise<void> =>
  vi.waitFor(
    () =>
      new Promise<void>((resolve, reject) => {
        const socket = connect(port, "127.0.0.1", () => {
          socket.destroy();
          reject(new Error("still accepts"));
        });
        socket.once("error", () => resolve());
      }),
    { timeout, interval: 20 },
  );
