import type { LimiterPort } from "./port.ts";

/** Long enough that a store which times out costs few requests anything, short enough to be soon back. */
const REST_MS = 2_000;

/**
 * Counts in `shared`, and in `own` while that fails: a limit that is looser for a moment is better than a request that
 * fails. After a failure `shared` is left alone for two seconds, so that a slow one does not slow down every request.
 *
 * @param onFailure told once per failure that starts a rest
 */
export function createInsuredLimiter(
  shared: LimiterPort,
  own: LimiterPort,
  onFailure: (error: Error) => void,
  now: () => number = () => performance.now(),
): LimiterPort {
  let restsUntil = Number.NEGATIVE_INFINITY;

  async function either<T>(ask: (limiter: LimiterPort) => Promise<T>): Promise<T> {
    if (now() < restsUntil) return ask(own);
    try {
      return await ask(shared);
    } catch (error) {
      // Of many that failed together, one tells.
      if (now() >= restsUntil) onFailure(error instanceof Error ? error : new Error("unknown error"));
      restsUntil = now() + REST_MS;
      return ask(own);
    }
  }

  return {
    consume: (key, budget) => either((limiter) => limiter.consume(key, budget)),
    peek: (key) => either((limiter) => limiter.peek(key)),
    forget: (key) => either((limiter) => limiter.forget(key)),
  };
}
