import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export type Way = "open" | "cut" | "blackHole";

/** A way to the database that can be cut (connections end, new ones are refused) or lose every packet. */
export async function createDatabaseProxy(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let way: Way = "open";
  let server: Server | undefined;

  function link(client: Socket): void {
    const upstream = connect(Number(target.port), target.hostname);
    const ways = [
      [client, upstream],
      [upstream, client],
    ] as const;
    for (const [from, to] of ways) {
      sockets.add(from);
      from.on("error", () => undefined);
      from.on("close", () => {
        sockets.delete(from);
        // In a black hole, nobody hears of the end either.
        if (way !== "blackHole") to.destroy();
      });
      // Swallowed, not held back: what was lost on the way does not arrive later.
      from.on("data", (chunk: Buffer) => way === "open" && to.write(chunk));
    }
  }

  async function listen(port: number): Promise<number> {
    server = createServer(link).listen(port, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  function destroyAll(): void {
    for (const socket of sockets) socket.destroy();
  }

  async function turn(to: Way): Promise<void> {
    if (way === "cut" && to !== "cut") await listen(port);
    // After a black hole the old connections are worth nothing: bytes are missing in them.
    if (way === "blackHole") destroyAll();
    way = to;
    if (to !== "cut" || !server) return;
    const closed = once(server, "close");
    server.close();
    destroyAll();
    await closed;
    server = undefined;
  }

  const port = await listen(0);
  const url = Object.assign(new URL(databaseUrl), { hostname: "127.0.0.1", port: String(port) }).href;
  return { url, turn };
}
