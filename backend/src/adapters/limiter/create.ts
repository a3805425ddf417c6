import type { Logger } from "pino";
import type { Config } from "../../config/config.ts";
import { createQuietErrors } from "../log/quiet-errors.ts";
import { createInsuredLimiter } from "./insured.ts";
import { createMemoryLimiter } from "./memory.ts";
import type { LimiterPort } from "./port.ts";
import { createRedisLimiter } from "./redis.ts";
import { connectRedis } from "./redis-connection.ts";

export interface Limiters {
  /** Budgets of requests, mails and the like. */
  readonly requests: LimiterPort;
  /** Locks of accounts: apart, so that a flood of addresses cannot push a lock out. */
  readonly locks: LimiterPort;
  /** Whether the store that instances share answers; `undefined` when there is none. */
  readonly check: (() => Promise<void>) | undefined;
  close(): void;
}

/**
 * Counts in Redis where one is configured, with this process as insurance; else in this process.
 *
 * @param onFallback told of each use of the insurance
 */
export function createLimiters(
  { redis }: Pick<Config, "redis">,
  log: Pick<Logger, "error">,
  onFallback: () => void,
): Limiters {
  const own = { requests: createMemoryLimiter(), locks: createMemoryLimiter() };
  if (!redis) return { ...own, check: undefined, close: () => {} };
  const onError = createQuietErrors(log, "redis error: limits are counted in this process");
  const connection = connectRedis(redis, onError);
  const insurance = (limiter: LimiterPort) => telling(limiter, onFallback);
  return {
    requests: createInsuredLimiter(createRedisLimiter(connection, "limit"), insurance(own.requests), onError),
    locks: createInsuredLimiter(createRedisLimiter(connection, "lock"), insurance(own.locks), onError),
    check: async () => void (await connection.ping()),
    close: () => connection.disconnect(),
  };
}

/** The same limiter, telling of each use. */
const telling = (limiter: LimiterPort, onUse: () => void): LimiterPort => ({
  consume(key, budget) {
    onUse();
    return limiter.consume(key, budget);
  },
  peek(key) {
    onUse();
    return limiter.peek(key);
  },
  forget(key) {
    onUse();
    return limiter.forget(key);
  },
});
