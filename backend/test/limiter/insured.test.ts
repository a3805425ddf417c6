import { describe, expect, it } from "vitest";
import { createInsuredLimiter } from "../../src/adapters/limiter/insured.ts";
import { createMemoryLimiter } from "../../src/adapters/limiter/memory.ts";
import { limiterContract } from "./contract.ts";

const budget = { max: 3, window: 60 };

function broken() {
  let asked = 0;
  const fail = () => {
    asked++;
    return Promise.reject(new Error("away"));
  };
  return { limiter: { consume: fail, peek: fail, forget: fail }, asked: () => asked };
}

limiterContract("an insured limiter whose store is away", () => {
  let time = 0;
  const own = createMemoryLimiter(() => time);
  return {
    limiter: createInsuredLimiter(
      broken().limiter,
      own,
      () => {},
      () => time,
    ),
    advance: (ms) => {
      time += ms;
    },
  };
});

describe("an insured limiter", () => {
  it("leaves a failing store alone for two seconds, and tells once", async () => {
    let time = 0;
    const store = broken();
    const told: string[] = [];
    const limiter = createInsuredLimiter(
      store.limiter,
      createMemoryLimiter(),
      ({ message }) => void told.push(message),
      () => time,
    );
    for (let i = 0; i < 10; i++) await limiter.consume("a", budget);
    expect(store.asked()).toBe(1);
    time = 2_000;
    await limiter.consume("a", budget);
    expect(store.asked()).toBe(2);
    expect(told).toEqual(["away", "away"]);
  });

  it("does not ask its own count while the store answers", async () => {
    const own = broken();
    const limiter = createInsuredLimiter(createMemoryLimiter(), own.limiter, () => {});
    expect((await limiter.consume("a", budget)).remaining).toBe(2);
    expect(own.asked()).toBe(0);
  });
});
