import { createHash } from "node:crypto";
import type { LimiterPort } from "../adapters/limiter/port.ts";
import { AppError } from "../errors.ts";

const maxFailures = 10;
const window = 15 * 60;
const maxLock = 15 * 60;
const day = 24 * 60 * 60;
/**
 * Many right answers at once must not look like guesses: five servers together let no more through at a time than there
 * are failures allowed.
 */
const maxAtOnce = 2;
/** More than anybody's devices ask for at once; who comes later is told so, and takes no memory. */
const maxWaiting = 64;

/** Slows down guessing at one account, whoever guesses and whether the account exists or not. */
export interface AccountLock {
  /**
   * Runs an attempt; one that rejects counts as a failure.
   *
   * @param subject what is guessed at: a normalised e-mail address, or a user id.
   * @throws AppError `account_locked` instead of running it, `rate_limited` while too many others wait for their turn
   */
  guard<T>(subject: string, attempt: () => Promise<T>): Promise<T>;
}

/**
 * Ten failures within 15 minutes lock the account for `firstLock` seconds; after that one attempt at a time gets through, and each
 * failure doubles the lock up to 15 minutes. An attempt is counted before it is made, so that parallel guesses count.
 */
export function createAccountLock(
  limiter: LimiterPort,
  kind: string,
  { firstLock = 60 }: { firstLock?: number } = {},
): AccountLock {
  const queues = new Map<string, { running: number; waiting: (() => void)[] }>();

  const keysOf = (subject: string) => {
    const digest = createHash("sha256").update(subject).digest("base64url");
    return {
      attempts: `${kind}:attempts:${digest}`,
      locks: `${kind}:locks:${digest}`,
      lock: `${kind}:lock:${digest}`,
    };
  };

  const refuse = (seconds: number): never => {
    throw new AppError("account_locked", `Too many failed attempts: try again in ${seconds} seconds`, {
      retryAfter: seconds,
    });
  };

  async function count(keys: ReturnType<typeof keysOf>): Promise<void> {
    const held = await limiter.peek(keys.lock);
    if (held.count > 0) refuse(held.resetIn);
    const used = await limiter.consume(keys.attempts, { max: maxFailures, window });
    if (used.allowed) return;
    const { count: earlier } = await limiter.peek(keys.locks);
    const seconds = Math.min(maxLock, firstLock * 2 ** earlier);
    const lock = await limiter.consume(keys.lock, { max: 1, window: seconds });
    if (!lock.allowed) refuse(lock.resetIn);
    await limiter.consume(keys.locks, { max: 1000, window: day });
    // The first lock refuses; a later one was waited for, and lets through the attempt that set it.
    if (earlier === 0) refuse(lock.resetIn);
  }

  async function inTurn<T>(subject: string, work: () => Promise<T>): Promise<T> {
    const queue = queues.get(subject) ?? { running: 0, waiting: [] };
    if (queue.waiting.length >= maxWaiting)
      throw new AppError("rate_limited", "Too many attempts on one account at the same time", {
        retryAfter: 1,
      });
    queues.set(subject, queue);
    if (queue.running >= maxAtOnce) await new Promise<void>((resolve) => queue.waiting.push(resolve));
    else queue.running += 1;
    try {
      return await work();
    } finally {
      const next = queue.waiting.shift();
      if (next) next();
      else queue.running -= 1;
      if (queue.running === 0) queues.delete(subject);
    }
  }

  return {
    guard: (subject, attempt) =>
      inTurn(subject, async () => {
        const keys = keysOf(subject);
        await count(keys);
        const result = await attempt();
        await Promise.all(Object.values(keys).map((key) => limiter.forget(key)));
        return result;
      }),
  };
}
