import type { Redis } from "ioredis";
import { RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { Budget, LimiterPort } from "./port.ts";

const secondsOf = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

/**
 * Counts in Redis, for all instances together. Rejects when Redis does not answer.
 *
 * @param prefix keeps its keys apart from those of others in the same Redis.
 */
export function createRedisLimiter(redis: Redis, prefix: string): LimiterPort {
  // The library ties a budget to an object; there are as many as there are different budgets, some twenty.
  const limiters = new Map<string, RateLimiterRedis>();

  function limiterOf({ max, window }: Budget): RateLimiterRedis {
    const name = `${max}/${window}`;
    const known = limiters.get(name);
    if (known) return known;
    const limiter = new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: prefix,
      points: max,
      duration: window,
      rejectIfRedisNotReady: true,
    });
    limiters.set(name, limiter);
    return limiter;
  }

  const anyBudget = limiterOf({ max: 1, window: 1 });

  return {
    async consume(key, budget) {
      const used = await limiterOf(budget)
        .consume(key)
        .catch((refusal: unknown) => {
          if (refusal instanceof RateLimiterRes) return refusal;
          throw refusal;
        });
      return {
        allowed: used.consumedPoints <= budget.max,
        limit: budget.max,
        remaining: used.remainingPoints,
        resetIn: secondsOf(used.msBeforeNext),
      };
    },

    async peek(key) {
      const used = await anyBudget.get(key);
      return used
        ? { count: used.consumedPoints, resetIn: secondsOf(used.msBeforeNext) }
        : { count: 0, resetIn: 0 };
    },

    async forget(key) {
      await anyBudget.delete(key);
    },
  };
}
