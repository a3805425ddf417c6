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
