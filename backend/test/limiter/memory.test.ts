import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemoryLimiter } from "../../src/adapters/limiter/memory.ts";
import { limiterContract } from "./contract.ts";

function withClock(maxKeys?: number) {
  let time = 0;
  const limiter = createMemoryLimiter(() => time, maxKeys);
  return {
    limiter,
    advance: (ms: number) => {
      time += ms;
    },
  };
}

limiterContract("the memory driver", () => withClock());

describe("the memory limiter", () => {
  it("counts exactly like a plain model of fixed windows", async () => {
    const key = fc.constantFrom("a", "b", "c");
    const step = fc.oneof(
      fc.record({
        do: fc.constant("consume" as const),
        key,
        max: fc.nat(4),
        window: fc.integer({ min: 1, max: 5 }),
      }),
      fc.record({ do: fc.constant("peek" as const), key }),
      fc.record({ do: fc.constant("forget" as const), key }),
      fc.record({ do: fc.constant("advance" as const), ms: fc.nat(3_000) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { limiter, advance } = withClock();
        let time = 0;
        const model = new Map<string, { count: number; end: number }>();
        for (const s of steps) {
          if (s.do === "advance") {
            time += s.ms;
            advance(s.ms);
            continue;
          }
          if ((model.get(s.key)?.end ?? 0) <= time) model.delete(s.key);
          const open = model.get(s.key);
          if (s.do === "forget") {
            model.delete(s.key);
            await limiter.forget(s.key);
          } else if (s.do === "peek") {
            expect(await limiter.peek(s.key)).toEqual({
              count: open?.count ?? 0,
              resetIn: open ? Math.ceil((open.end - time) / 1000) : 0,
            });
          } else {
            const window = open ?? { count: 0, end: time + s.window * 1000 };
            window.count++;
            model.set(s.key, window);
            expect(await limiter.consume(s.key, s)).toEqual({
              allowed: window.count <= s.max,
              limit: s.max,
              remaining: Math.max(0, s.max - window.count),
              resetIn: Math.ceil((window.end - time) / 1000),
            });
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("gives up the oldest window, and only that, when it is full", async () => {
    const { limiter } = withClock(3);
    const budget = { max: 9, window: 60 };
    for (const key of ["a", "b", "c", "a", "d"]) await limiter.consume(key, budget);
    const counts = await Promise.all(["a", "b", "c", "d"].map(async (k) => (await limiter.peek(k)).count));
    expect(counts).toEqual([0, 1, 1, 1]);
  });

  it("takes a key that was forgotten and came back for a new one", async () => {
    const { limiter } = withClock(2);
    const budget = { max: 9, window: 60 };
    await limiter.consume("a", budget);
    await limiter.consume("b", budget);
    await limiter.forget("a");
    await limiter.consume("a", budget);
    await limiter.consume("c", budget);
    expect((await limiter.peek("b")).count).toBe(0);
    expect((await limiter.peek("a")).count).toBe(1);
  });

  it("stays in bounds and fast while a flood of new keys runs through it", async () => {
    const { limiter } = withClock(1_000);
    const budget = { max: 1, window: 600 };
    const started = performance.now();
    for (let i = 0; i < 200_000; i++) await limiter.consume(`key-${i}`, budget);
    // A driver that walks the table on each eviction needs minutes for this.
    expect(performance.now() - started).toBeLessThan(5_000);
    expect((await limiter.peek("key-0")).count).toBe(0);
    expect((await limiter.peek("key-198999")).count).toBe(0);
    expect((await limiter.peek("key-199000")).count).toBe(1);
  });

  it("keeps live windows when the dead ones are many", async () => {
    const { limiter, advance } = withClock(100);
    for (let i = 0; i < 99; i++) await limiter.consume(`short-${i}`, { max: 1, window: 1 });
    await limiter.consume("lock", { max: 1, window: 600 });
    advance(2_000);
    for (let i = 0; i < 300; i++) {
      await limiter.consume(`later-${i}`, { max: 1, window: 1 });
      advance(100);
    }
    expect((await limiter.peek("lock")).count).toBe(1);
  });
});
