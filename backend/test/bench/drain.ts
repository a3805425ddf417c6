import { connect } from "node:net";

const buffer = Buffer.alloc(1024 * 1024);

/**
 * Fetches and forgets one URL, with as little work on this side as possible: what is slow is the server.
 *
 * @returns bytes received
 */
export function drain(
  url: string,
  headers: Readonly<Record<string, string>>,
  atLeastBytes: number,
): Promise<number> {
  const { hostname, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    let received = 0;
    let statusLine = "";
    const socket = connect({
      host: hostname,
      port: Number(port),
      onread: {
        buffer,
        callback: (bytes) => {
          if (received === 0) statusLine = buffer.toString("latin1", 0, 12);
          received += bytes;
          return true;
        },
      },
    });
    const lines = Object.entries({ Host: hostname, Connection: "close", ...headers });
    socket.write(`GET ${pathname} HTTP/1.1\r\n${lines.map(([k, v]) => `${k}: ${v}\r\n`).join("")}\r\n`);
    socket.once("error", reject);
    socket.once("close", () => {
      if (statusLine === "HTTP/1.1 200" && received >= atLeastBytes) resolve(received);
      else reject(new Error(`${url}: ${statusLine}, ${received} bytes`));
    });
  });
}
