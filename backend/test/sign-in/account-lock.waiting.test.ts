import { expect, test } from "vitest";
import { createMemoryLimiter } from "../../src/adapters/limiter/memory.ts";
import { createAccountLock } from "../../src/auth/account-lock.ts";

/** Attempts that last until they are let go. */
function gate() {
  const opened = Promise.withResolvers<void>();
  return { open: () => opened.resolve(), attempt: () => opened.promise.then(() => "in") };
}

test("of five hundred attempts at once on one account a few dozen wait, and the others are told to come again", async () => {
  const lock = createAccountLock(createMemoryLimiter(), "test");
  const { open, attempt } = gate();
  const refused: unknown[] = [];
  const attempts = Array.from({ length: 500 }, () =>
    lock.guard("somebody", attempt).catch((error: unknown) => {
      refused.push(error);
      return "refused";
    }),
  );
  expect(await lock.guard("somebody else", async () => "in"), "nobody else waits").toBe("in");
  expect(refused.length, "at once, before anybody is let in").toBeGreaterThan(400);
  for (const error of refused) expect(error).toMatchObject({ code: "rate_limited", retryAfter: 1 });
  open();
  const answers = await Promise.all(attempts);
  expect(answers.filter((one) => one === "in")).toHaveLength(500 - refused.length);
  expect(answers.indexOf("refused"), "first come, first served").toBe(500 - refused.length);
  expect(await lock.guard("somebody", attempt), "and no place stays taken").toBe("in");
});
