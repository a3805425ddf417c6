import { AppError } from "../../errors.ts";

export interface Budget {
  /** Requests per window. */
  readonly max: number;
  /** Length of the window in seconds; it starts at the first request. */
  readonly window: number;
}

export interface Consumed {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Whole seconds until the window ends, at least 1. */
  readonly resetIn: number;
}

/** Counts events in fixed windows. One instance counts in memory; many instances share a store. */
export interface LimiterPort {
  /** Counts one more event and says whether it still fits. */
  consume(key: string, budget: Budget): Promise<Consumed>;
  /** Events counted in the current window, without counting one; `resetIn` is 0 when there are none. */
  peek(key: string): Promise<{ count: number; resetIn: number }>;
  forget(key: string): Promise<void>;
}

/**
 * Takes one from a budget.
 *
 * @param message to who has used it up
 * @throws AppError `rate_limited`
 */
export async function spend(
  limiter: Pick<LimiterPort, "consume">,
  key: string,
  budget: Budget,
  message: string,
): Promise<void> {
  const { allowed, resetIn } = await limiter.consume(key, budget);
  if (!allowed) throw new AppError("rate_limited", message, { retryAfter: resetIn, budget });
}
