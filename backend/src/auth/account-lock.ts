import { createHash } from "node:crypto";
import type { LimiterPort } from "../adapters/limiter/port.ts";
import { AppError } from "../errors.ts";

const maxFailures = 10;
const window = 15 * 60;
const maxLock = 15 * 60;
const day = 24 * 60 * 60;

/** Slows down guessing at one account, whoever guesses and whether the account exists or not. */
export interface AccountLock {
  /**
   * Counts an attempt before it is made, so that parallel guesses count too.
   *
   * @param subject what is guessed at: a normalised e-mail address, or a user id.
   * @throws AppError `account_locked`
   */
  attempt(subject: string): Promise<void>;
  succeeded(subject: string): Promise<void>;
}

/**
 * Ten attempts without a success within 15 minutes lock the account for a minute; after that one attempt at a time gets
 * through, and each failure doubles the lock up to 15 minutes.
 */
export function createAccountLock(limiter: LimiterPort, kind: string): AccountLock {
  const keysOf = (subject: string) => {
    const digest = createHash("sha256").update(subject).digest("base64url");
    return {
      attempts: `lock:${kind}:a:${digest}`,
      locks: `lock:${kind}:n:${digest}`,
      lock: `lock:${kind}:l:${digest}`,
    };
  };
  const refuse = (seconds: number): never => {
    throw new AppError("account_locked", `Too many failed attempts: try again in ${seconds} seconds`, {
      retryAfter: seconds,
    });
  };

  return {
    async attempt(subject) {
      const keys = keysOf(subject);
      const held = await limiter.peek(keys.lock);
      if (held.count > 0) refuse(held.resetIn);
      const used = await limiter.consume(keys.attempts, { max: maxFailures, window });
      if (used.allowed) return;
      const { count: earlier } = await limiter.peek(keys.locks);
      const seconds = Math.min(maxLock, 60 * 2 ** earlier);
      const lock = await limiter.consume(keys.lock, { max: 1, window: seconds });
      if (!lock.allowed) refuse(lock.resetIn);
      await limiter.consume(keys.locks, { max: 1000, window: day });
      // The first lock refuses; a later one was waited for, and lets through the attempt that set it.
      if (earlier === 0) refuse(lock.resetIn);
    },
    async succeeded(subject) {
      await Promise.all(Object.values(keysOf(subject)).map((key) => limiter.forget(key)));
    },
  };
}
