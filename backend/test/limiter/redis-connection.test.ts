import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { createRedisLimiter } from "../../src/adapters/limiter/redis.ts";
import { connectRedis } from "../../src/adapters/limiter/redis-connection.ts";
import { withRedisPassword } from "../../src/config/values/redis-url.ts";
import { afterwards } from "../harness/afterwards.ts";
import { hasRedis } from "../harness/fleet-parts.ts";
import { startRedis } from "../harness/redis.ts";

const patience = { timeout: 20_000, interval: 100 };
const budget = { max: 1000, window: 60 };

/** A name that leads somewhere else from one moment on, while old connections stay where they are. */
async function startRelay(port: number) {
  let target = port;
  const links: [Socket, Socket][] = [];
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    links.push([client, upstream]);
    for (const socket of [client, upstream]) socket.on("error", () => {});
    client.pipe(upstream).pipe(client);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  afterwards(() => {
    for (const socket of links.flat()) socket.destroy();
    server.close();
  });
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo: (other: number) => {
      target = other;
    },
    /** As when the machine at the other end is gone: nobody says that the connections ended. */
    loseConnections: () => {
      for (const [client, upstream] of links) {
        client.unpipe(upstream);
        upstream.unpipe(client);
        client.resume();
      }
    },
  };
}

describe.runIf(hasRedis)("the connection to Redis", async () => {
  const redis = await startRedis();
  const other = await startRedis();
  const port = Number(new URL(redis.url).port);

  async function counting() {
    const relay = await startRelay(port);
    const connection = connectRedis({ url: withRedisPassword(relay.url, redis.password) }, () => {});
    afterwards(() => connection.disconnect());
    const limiter = createRedisLimiter(connection, "connection");
    const count = () => limiter.consume("a", budget);
    await vi.waitFor(count, patience);
    return { relay, count };
  }

  it.each([
    ["no user", "", "default"],
    ["a user", "counter@", "counter"],
    ["another password", ":of-before@", "default"],
    ["both", "counter:of-before@", "counter"],
  ])("signs in with REDIS_PASSWORD where the URL names %s", async (_, named, user) => {
    const password = "p@ss:w/or%d #?";
    await redis.client.call("ACL", "SETUSER", user, "on", `>${password}`, "~*", "&*", "+@all");
    const url = redis.url.replace("//", `//${named}`);
    const connection = connectRedis({ url: withRedisPassword(url, password) }, () => {});
    afterwards(() => connection.disconnect());
    await vi.waitFor(async () => expect(await connection.call("ACL", "WHOAMI")).toBe(user), patience);
  });

  it("that went silent is given up and made anew", async () => {
    const { relay, count } = await counting();
    relay.loseConnections();
    await expect(count()).rejects.toThrow();
    expect(await vi.waitFor(count, patience)).toMatchObject({ allowed: true });
  });

  it("to a primary that is none any more is made anew", async () => {
    const { relay, count } = await counting();
    relay.leadTo(Number(new URL(other.url).port));
    await redis.client.replicaof("127.0.0.1", 1);
    await expect(count()).rejects.toThrow();
    await vi.waitFor(count, patience);
    expect(await other.client.dbsize()).toBeGreaterThan(0);
    await redis.client.replicaof("NO", "ONE");
  });
});
