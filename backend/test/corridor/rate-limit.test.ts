import { expect, test } from "vitest";
import { parseEnv } from "../../src/config/parse-env.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, password } from "../harness/client.ts";
import { headerFlaws } from "./headers.ts";

const limits = { RATE_LIMIT_MAX: "12", RATE_LIMIT_WRITE_MAX: "4", RATE_LIMIT_WINDOW: "600" };
// Every test is a client, or a user, of its own: the address comes from a proxy that is trusted.
const app = await startTestApp({
  worker: false,
  env: { ...limits, AUTH_RATE_LIMIT_MAX: "5", AUTH_RATE_LIMIT_WINDOW: "60", TRUSTED_PROXIES: "127.0.0.1" },
});
const generous = await startTestApp({
  worker: false,
  database: app.database,
  env: { ...limits, RATE_LIMIT_MAX: "100000", RATE_LIMIT_WRITE_MAX: "100000" },
});

let next = 1;
const address = () => `203.0.113.${next++}`;
const from = (ip: string) => ({ "x-forwarded-for": ip });
const number = (headers: Headers, name: string) => Number(headers.get(name));

async function until429(send: () => ReturnType<typeof call>, most: number) {
  const seen: number[] = [];
  for (let i = 0; i < most; i++) {
    const answer = await send();
    if (answer.status === 429) return { answer, passed: seen.length };
    seen.push(answer.status);
  }
  throw new Error(`never refused: ${seen.join()}`);
}

test("reads of one address are refused after the budget, with the whole of the 429", async () => {
  const ip = address();
  const { answer, passed } = await until429(
    () => call(app, "GET", "/api/v1/config/public", { headers: from(ip) }),
    20,
  );
  expect(passed).toBe(12);
  const { headers, json } = answer;
  expect(headerFlaws((name) => headers.get(name))).toEqual([]);
  expect(json).toMatchObject({
    status: 429,
    code: "rate_limited",
    error: json.title,
    message: json.detail,
    limit: 12,
    window: "10 minutes",
    tip: expect.any(String),
    details: [],
    requestId: headers.get("x-request-id"),
  });
  expect(headers.get("content-type")).toMatch(/^application\/problem\+json/);
  expect(number(headers, "ratelimit-limit")).toBe(12);
  expect(number(headers, "ratelimit-remaining")).toBe(0);
  expect(headers.get("ratelimit-policy")).toBe("12;w=600");
  const wait = number(headers, "retry-after");
  expect(wait).toBe(number(headers, "ratelimit-reset"));
  expect(wait).toBeGreaterThan(590);
  expect(wait).toBeLessThanOrEqual(600);
  expect(json.retryAfter).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(Math.abs(Date.parse(json.retryAfter) - Date.now() - wait * 1000)).toBeLessThan(3000);
});

test("writes have a budget of their own inside the whole one, and reads go on after it", async () => {
  const ip = address();
  const write = () => call(app, "PATCH", "/api/v1/me", { headers: from(ip), body: {} });
  const { answer, passed } = await until429(write, 10);
  expect(passed).toBe(4);
  expect(answer.json).toMatchObject({ code: "rate_limited", limit: 4 });
  expect((await call(app, "GET", "/api/v1/config/public", { headers: from(ip) })).status).toBe(200);
});

test("every answer under a limit names the tightest budget", async () => {
  const ip = address();
  const read = await call(app, "GET", "/api/v1/config/public", { headers: from(ip) });
  expect([number(read.headers, "ratelimit-limit"), number(read.headers, "ratelimit-remaining")]).toEqual([
    12, 11,
  ]);
  const write = await call(app, "PATCH", "/api/v1/me", { headers: from(ip), body: {} });
  expect(write.status).toBe(401);
  expect([number(write.headers, "ratelimit-limit"), number(write.headers, "ratelimit-remaining")]).toEqual([
    4, 3,
  ]);
  expect(write.headers.get("ratelimit-policy")).toBe("4;w=600");
  const missing = await call(app, "GET", "/api/nothing", { headers: from(ip) });
  expect(number(missing.headers, "ratelimit-remaining")).toBe(9);
});

test("a user is counted over all addresses, and one user's budget is not another's", async () => {
  const [busy, calm] = [await createPerson(generous), await createPerson(generous)];
  const { passed } = await until429(
    () => call(app, "GET", "/api/v1/me", { token: busy.token, headers: from(address()) }),
    20,
  );
  expect(passed).toBe(12);
  expect((await call(app, "GET", "/api/v1/me", { token: calm.token, headers: from(address()) })).status).toBe(
    200,
  );
});

test("an IPv6 /64 is one client, its neighbour another", async () => {
  let host = 1;
  const send = () =>
    call(app, "GET", "/api/v1/config/public", { headers: from(`2001:db8:7:7::${(host++).toString(16)}`) });
  expect((await until429(send, 20)).passed).toBe(12);
  const neighbour = from("2001:db8:7:8::1");
  expect((await call(app, "GET", "/api/v1/config/public", { headers: neighbour })).status).toBe(200);
});

test("health and root answers are never limited", async () => {
  const headers = from(address());
  for (let i = 0; i < 15; i++)
    for (const path of ["/", "/health", "/health/live", "/api/health", "/api/v1/health"])
      expect((await call(app, "GET", path, { headers })).status, path).toBe(200);
});

test("sign-in, sign-up, forgot- and reset-password each count by address", async () => {
  const email = "nobody@example.test";
  const families = [
    ["/sign-in/email", { email, password }],
    ["/request-password-reset", { email }],
    ["/reset-password", { token: "x", newPassword: password }],
  ] as const;
  const strict = await startTestApp({
    worker: false,
    database: app.database,
    env: { AUTH_RATE_LIMIT_MAX: "5", TRUSTED_PROXIES: "127.0.0.1" },
  });
  const headers = from(address());
  for (const [path, body] of families) {
    const { answer, passed } = await until429(
      () => call(strict, "POST", `/api/auth${path}`, { body, headers }),
      8,
    );
    expect(passed, path).toBe(5);
    expect(answer.json, path).toMatchObject({ code: "rate_limited", limit: 5, window: "1 minute" });
    expect(answer.headers.get("ratelimit-policy"), path).toBe("5;w=60");
    expect(number(answer.headers, "retry-after"), path).toBeLessThanOrEqual(60);
  }
});

test("the budget of a window is spent once, however many ask at the same time", async () => {
  const headers = from(address());
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => call(app, "GET", "/api/v1/config/public", { headers })),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(12);
});

test("the generous preset is 2000 and 1500 in 15 minutes, the standard one 600 and 300 in 10", async () => {
  const limitsOf = (preset?: string) =>
    parseEnv({
      NODE_ENV: "test",
      DATABASE_URL: app.database.appUrl,
      ...(preset && { RATE_LIMIT_PRESET: preset }),
    }).limits;
  expect(limitsOf("generous")).toMatchObject({
    all: { max: 2000, window: 900 },
    write: { max: 1500, window: 900 },
  });
  expect(limitsOf()).toEqual({
    all: { max: 600, window: 600 },
    write: { max: 300, window: 600 },
    auth: { max: 10, window: 60 },
    authFailures: { max: 1000, window: 900 },
  });
});
