import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { LiveConfig } from "../../live.ts";
import { createQuietErrors } from "../log/quiet-errors.ts";
import { followRedis } from "./follow-redis.ts";
import { createInsuredLimiter } from "./insured.ts";
import { createMemoryLimiter } from "./memory.ts";
import type { LimiterPort } from "./port.ts";
import { createRedisLimiter } from "./redis.ts";

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
  live: LiveConfig,
  log: Pick<Logger, "error">,
  onFallback: () => void,
): Limiters {
  const own = { requests: createMemoryLimiter(), locks: createMemoryLimiter() };
  const settings = live.current.redis;
  if (!settings) return { ...own, check: undefined, close: () => {} };
  const onError = createQuietErrors(log, "redis error: limits are counted in this process");
  const insurance = (limiter: LimiterPort) => telling(limiter, onFallback);
  const redis = followRedis(live, settings, onError);
  return {
    requests: createInsuredLimiter(followed(redis.newest, "limit"), insurance(own.requests), onError),
    locks: createInsuredLimiter(followed(redis.newest, "lock"), insurance(own.locks), onError),
    check: async () => void (await redis.newest().ping()),
    close: redis.close,
  };
}

/** The limiter of whichever connection is in use. */
function followed(newest: () => Redis, prefix: string): LimiterPort {
  const limiters = new WeakMap<Redis, LimiterPort>();
  const current = (): LimiterPort => {
    const redis = newest();
    const limiter = limiters.get(redis) ?? createRedisLimiter(redis, prefix);
    limiters.set(redis, limiter);
    return limiter;
  };
  return {
    consume: (key, budget) => current().consume(key, budget),
    peek: (key) => current().peek(key),
    forget: (key) => current().forget(key),
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
