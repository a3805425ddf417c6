import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A TCP way to the database that can be shut and opened again, on the same port. */
export async function createGate(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let server: Server | undefined;

  async function open(port: number): Promise<number> {
    const opened = createServer((client) => {
      const upstream = connect(Number(target.port), target.hostname);
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => {
          sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    opened.listen(port, "127.0.0.1");
    await once(opened, "listening");
    server = opened;
    return (opened.address() as AddressInfo).port;
  }

  async function shut(): Promise<void> {
    if (!server) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
    server = undefined;
  }

  const port = await open(0);
  const url = Object.assign(new URL(databaseUrl), { hostname: "127.0.0.1", port: String(port) }).href;
  return { url, shut, open: () => open(port) };
}
