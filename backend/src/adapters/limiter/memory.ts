import type { Budget, Consumed, LimiterPort } from "./port.ts";

/** At roughly 150 bytes an entry this bounds the table to some 15 MB, whatever is thrown at it. */
const MAX_KEYS = 100_000;
/** Looking at two entries for each one added goes round the table faster than it can fill with dead ones. */
const SWEPT_PER_CALL = 2;

interface Window {
  count: number;
  /** On the clock of `now`, milliseconds. */
  readonly endsAt: number;
}

/**
 * Counts in this process. Every call is O(1): expired windows are swept a few at a time, and a table that is full
 * gives up the window that started first.
 *
 * @param now milliseconds; monotonic by default, so that a corrected wall clock neither lifts nor prolongs a limit.
 */
export function createMemoryLimiter(
  now: () => number = () => performance.now(),
  maxKeys = MAX_KEYS,
): LimiterPort {
  const windows = new Map<string, Window>();
  // Iterators of a Map are live. `oldest` deletes whatever it passes, so it always stands before the first entry;
  // a new iterator would first have to walk over every hole that deletions left at the front.
  let oldest = windows.keys();
  let sweeper = windows.entries();

  function current(key: string, time: number): Window | undefined {
    const window = windows.get(key);
    return window && time < window.endsAt ? window : undefined;
  }

  function sweep(time: number): void {
    for (let i = 0; i < SWEPT_PER_CALL; i++) {
      const next = sweeper.next();
      if (next.done) {
        sweeper = windows.entries();
        return;
      }
      const [key, window] = next.value;
      if (time >= window.endsAt) windows.delete(key);
    }
  }

  function makeRoom(): void {
    while (windows.size >= maxKeys) {
      const next = oldest.next();
      if (next.done) oldest = windows.keys();
      else windows.delete(next.value);
    }
  }

  function open(key: string, endsAt: number): Window {
    // Deleted first, so that the order of the map stays the order in which windows started.
    windows.delete(key);
    makeRoom();
    const window = { count: 0, endsAt };
    windows.set(key, window);
    return window;
  }

  const secondsLeft = (window: Window, time: number): number =>
    Math.max(1, Math.ceil((window.endsAt - time) / 1000 - 1e-6));

  return {
    async consume(key: string, budget: Budget): Promise<Consumed> {
      const time = now();
      sweep(time);
      const window = current(key, time) ?? open(key, time + budget.window * 1000);
      window.count++;
      return {
        allowed: window.count <= budget.max,
        limit: budget.max,
        remaining: Math.max(0, budget.max - window.count),
        resetIn: secondsLeft(window, time),
      };
    },

    async peek(key) {
      const time = now();
      const window = current(key, time);
      return window ? { count: window.count, resetIn: secondsLeft(window, time) } : { count: 0, resetIn: 0 };
    },

    async forget(key) {
      windows.delete(key);
    },
  };
}
