import { describe, expect, it } from "vitest";
import { createRedisLimiter } from "../../src/adapters/limiter/redis.ts";
import { hasRedis } from "../harness/fleet-parts.ts";
import { startRedis } from "../harness/redis.ts";
import { limiterContract } from "./contract.ts";

describe.runIf(hasRedis)("Redis", async () => {
  const { client } = await startRedis();

  /** Ages every key: the server's clock cannot be moved. */
  async function advance(ms: number): Promise<void> {
    for (const key of await client.keys("*")) {
      const left = (await client.pttl(key)) - ms;
      // Some milliseconds have passed by themselves: at the very end of a window they make no difference.
      if (left <= 0) await client.del(key);
      else await client.pexpire(key, left);
    }
  }

  let made = 0;
  limiterContract("the Redis driver", () => ({
    limiter: createRedisLimiter(client, `contract-${made++}`),
    advance,
  }));

  it("is one count for all who share it, and apart under another prefix", async () => {
    const budget = { max: 20, window: 60 };
    const instances = [createRedisLimiter(client, "shared"), createRedisLimiter(client, "shared")];
    const used = await Promise.all(
      Array.from({ length: 50 }, (_, i) => instances[i % 2]?.consume("a", budget)),
    );
    expect(used.filter((one) => one?.allowed)).toHaveLength(20);
    expect(await createRedisLimiter(client, "other").peek("a")).toEqual({ count: 0, resetIn: 0 });
  });

  it("leaves no key behind that never expires", async () => {
    await createRedisLimiter(client, "expiring").consume("a", { max: 1, window: 60 });
    for (const key of await client.keys("*")) expect(await client.pttl(key)).toBeGreaterThan(0);
  });
});
