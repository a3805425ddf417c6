import { beforeEach, describe, expect, it, vi } from "vitest";
import { startTestApp, type TestApp } from "../harness/app.ts";
import { call, createPerson, password } from "../harness/client.ts";
import { hasRedis } from "../harness/fleet-parts.ts";
import { startRedis } from "../harness/redis.ts";

const patience = { timeout: 15_000, interval: 100 };
const redisState = async (app: TestApp) => (await call(app, "GET", "/health/ready")).json.checks.redis;

describe.runIf(hasRedis)("two instances with one Redis", async () => {
  const redis = await startRedis();
  const env = {
    REDIS_URL: redis.url,
    REDIS_PASSWORD: redis.password,
    AUTH_RATE_LIMIT_MAX: "40",
    RATE_LIMIT_MAX: "100",
    RATE_LIMIT_WRITE_MAX: "100",
  };
  const one = await startTestApp({ env });
  const two = await startTestApp({ env, worker: false, database: one.database });
  const instances = [one, two];
  const { token, email } = await createPerson(one);
  beforeEach(() => redis.client.flushall());

  const me = (app: TestApp) => call(app, "GET", "/api/v1/me", { token });
  const signIn = (app: TestApp, secret: string) =>
    call(app, "POST", "/api/auth/sign-in/email", { body: { email, password: secret } });
  const alternating = <T>(n: number, ask: (app: TestApp, i: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: n }, (_, i) => ask(i % 2 ? one : two, i)));

  it("share one budget of requests", async () => {
    const answers = await alternating(110, me);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(10);
  });

  it("share the lock of an account", async () => {
    await alternating(12, (app) => signIn(app, "not the password"));
    for (const app of instances) {
      const { status, json } = await signIn(app, password);
      expect({ status, code: json.code }).toEqual({ status: 429, code: "account_locked" });
    }
  });

  it("know of each other's sign-outs on the next request", async () => {
    const session = await signIn(one, password);
    const own = session.json.token;
    expect((await call(two, "GET", "/api/v1/me", { token: own })).status).toBe(200);
    await call(one, "POST", "/api/auth/sign-out", { token: own });
    expect((await call(two, "GET", "/api/v1/me", { token: own })).status).toBe(401);
  });

  it("are ready, and say that Redis answers", async () => {
    for (const app of instances) expect(await redisState(app)).toBe("ok");
  });

  it("answer while Redis is down, count on their own, and share again when it is back", async () => {
    await redis.stop();
    const answers = await alternating(40, me);
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
    await vi.waitFor(async () => expect(await redisState(one)).toBe("degraded"), patience);
    expect((await call(one, "GET", "/health/ready")).status).toBe(200);
    await redis.start();
    await vi.waitFor(async () => {
      for (const app of instances) expect(await redisState(app)).toBe("ok");
      await alternating(4, me);
      expect(await redis.client.dbsize()).toBeGreaterThan(0);
    }, patience);
    expect((await signIn(two, password)).status).toBe(200);
  });

  it("answer while Redis hangs", async () => {
    await redis.hang(async () => {
      const answers = await alternating(40, me);
      expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
      expect((await signIn(one, password)).status).toBe(200);
    });
    await vi.waitFor(async () => expect(await redisState(one)).toBe("ok"), patience);
  });

  it("write neither the address nor the password of Redis into the log", () => {
    const lines = instances.flatMap(({ logLines }) => logLines).join("");
    expect(lines).toContain("redis error");
    expect(lines).not.toContain(redis.password);
  });
});

describe("instances without Redis", async () => {
  const one = await startTestApp({ worker: false });

  it("are as ready as can be while there is one", async () => {
    expect(await redisState(one)).toBe("off");
  });

  it("say that Redis is missing as soon as there is another", async () => {
    const two = await startTestApp({ worker: false, database: one.database });
    await vi.waitFor(async () => {
      for (const app of [one, two]) expect(await redisState(app)).toBe("degraded");
    }, patience);
    expect((await call(one, "GET", "/health/ready")).status).toBe(200);
    await two.close();
    await vi.waitFor(async () => expect(await redisState(one)).toBe("off"), patience);
  });
});
