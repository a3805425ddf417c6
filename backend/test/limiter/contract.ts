import { describe, expect, it } from "vitest";
import type { LimiterPort } from "../../src/adapters/limiter/port.ts";

interface Subject {
  readonly limiter: LimiterPort;
  /** Lets this much time pass for the limiter, milliseconds. */
  advance(ms: number): Promise<void> | void;
}

/** What every driver of the limiter has to do; `make` gives an empty one. */
export function limiterContract(name: string, make: () => Promise<Subject> | Subject): void {
  const budget = { max: 3, window: 10 };

  describe(`${name} keeps the limiter's contract`, () => {
    it("allows the budget and refuses what comes after it", async () => {
      const { limiter } = await make();
      const seen = [];
      for (let i = 0; i < 5; i++) seen.push(await limiter.consume("a", budget));
      expect(seen.map((c) => c.allowed)).toEqual([true, true, true, false, false]);
      expect(seen.map((c) => c.remaining)).toEqual([2, 1, 0, 0, 0]);
      expect(seen.every((c) => c.limit === 3)).toBe(true);
    });

    it("starts the window at the first request and does not slide it", async () => {
      const { limiter, advance } = await make();
      expect((await limiter.consume("a", budget)).resetIn).toBe(10);
      await advance(9_000);
      expect((await limiter.consume("a", budget)).resetIn).toBe(1);
      await advance(1_000);
      expect(await limiter.consume("a", budget)).toEqual({
        allowed: true,
        limit: 3,
        remaining: 2,
        resetIn: 10,
      });
    });

    it("says at least one second until the end, also in the last instant of a window", async () => {
      const { limiter, advance } = await make();
      await limiter.consume("a", budget);
      await advance(9_950);
      expect((await limiter.consume("a", budget)).resetIn).toBe(1);
    });

    it("counts keys apart", async () => {
      const { limiter } = await make();
      for (let i = 0; i < 4; i++) await limiter.consume("a", budget);
      expect((await limiter.consume("a", budget)).allowed).toBe(false);
      expect((await limiter.consume("b", budget)).allowed).toBe(true);
    });

    it("peeks without counting", async () => {
      const { limiter, advance } = await make();
      expect(await limiter.peek("a")).toEqual({ count: 0, resetIn: 0 });
      await limiter.consume("a", budget);
      expect(await limiter.peek("a")).toEqual({ count: 1, resetIn: 10 });
      expect(await limiter.peek("a")).toEqual({ count: 1, resetIn: 10 });
      await advance(10_000);
      expect(await limiter.peek("a")).toEqual({ count: 0, resetIn: 0 });
    });

    it("counts refused events too", async () => {
      const { limiter } = await make();
      for (let i = 0; i < 7; i++) await limiter.consume("a", budget);
      expect((await limiter.peek("a")).count).toBe(7);
    });

    it("forgets a key at once", async () => {
      const { limiter } = await make();
      for (let i = 0; i < 5; i++) await limiter.consume("a", budget);
      await limiter.forget("a");
      expect(await limiter.consume("a", budget)).toMatchObject({ allowed: true, remaining: 2 });
    });

    it("loses no event of many at the same time", async () => {
      const { limiter } = await make();
      const all = await Promise.all(
        Array.from({ length: 50 }, () => limiter.consume("a", { max: 20, window: 10 })),
      );
      expect(all.filter((c) => c.allowed)).toHaveLength(20);
    });
  });
}
