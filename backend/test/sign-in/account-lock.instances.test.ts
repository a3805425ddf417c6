import { expect, test } from "vitest";
import { createMemoryLimiter } from "../../src/adapters/limiter/memory.ts";
import { createAccountLock } from "../../src/auth/account-lock.ts";

/** Locks of several servers, which count in one place. */
function locksOf(servers: number) {
  const limiter = createMemoryLimiter();
  return Array.from({ length: servers }, () => createAccountLock(limiter, "test"));
}

test("many right answers at once, at five servers, lock nobody out", async () => {
  const locks = locksOf(5);
  let running = 0;
  let most = 0;
  const right = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return "in";
  };
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, n) => locks[n % locks.length]?.guard("somebody", right)),
  );
  expect(answers).toEqual(Array(100).fill("in"));
  expect(most).toBeGreaterThan(locks.length);
});

test("wrong answers at once, at five servers, are ten and no more", async () => {
  const locks = locksOf(5);
  let made = 0;
  const wrong = async () => {
    made += 1;
    throw new Error("wrong");
  };
  const guesses = Array.from({ length: 100 }, (_, n) => locks[n % locks.length]?.guard("somebody", wrong));
  await Promise.allSettled(guesses);
  expect(made).toBe(10);
});
