import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { freshEmail, tally } from "./account.ts";

const app = await startTestApp({ env: { AUTH_RATE_LIMIT_MAX: "10", TRUSTED_PROXIES: "127.0.0.1/32" } });

const families: readonly [string, () => Record<string, unknown>][] = [
  ["/sign-in/email", () => ({ email: freshEmail(), password })],
  ["/sign-up/email", () => ({ name: "New", email: freshEmail(), password })],
  ["/request-password-reset", () => ({ email: freshEmail() })],
  ["/reset-password", () => ({ token: crypto.randomUUID(), newPassword: password })],
];

let last = 0;
/** An address that nobody has used yet, as the trusted proxy reports it. */
const freshIp = () => {
  last += 1;
  return `198.51.100.${last}`;
};
const post = (path: string, ip: string, body: Record<string, unknown>, url = app.url) =>
  call({ url }, "POST", `/api/auth${path}`, { body, headers: { "x-forwarded-for": ip } });

describe.for(families)("%s", ([path, body]) => {
  test("takes exactly ten requests a minute from one address", async () => {
    const ip = freshIp();
    const answers = await Promise.all(Array.from({ length: 25 }, () => post(path, ip, body())));
    expect(tally(answers)[429]).toBe(15);
    expect((await post(path, freshIp(), body())).status).not.toBe(429);
  });

  test("says in words and headers when to come back", async () => {
    const ip = freshIp();
    const first = await post(path, ip, body());
    expect(first.headers.get("ratelimit-limit")).toBe("10");
    expect(first.headers.get("ratelimit-remaining")).toBe("9");
    for (let i = 0; i < 9; i++) await post(path, ip, body());
    const { status, headers, json } = await post(path, ip, body());
    expect(status).toBe(429);
    expect(headers.get("content-type")).toMatch(/^application\/problem\+json/);
    expect(json).toMatchObject({ status: 429, code: "rate_limited", limit: 10, details: [] });
    expect(json.tip, "nothing to send in bulk here").toBe("Wait until retryAfter.");
    expect(json.window).toMatch(/^(60 seconds|1 minute)$/);
    for (const field of ["tip", "error", "message", "title", "detail", "requestId", "instance", "type"])
      expect(json[field], field).toEqual(expect.any(String));
    const seconds = Number(headers.get("retry-after"));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(Math.abs(Date.parse(json.retryAfter) - Date.now() - seconds * 1000)).toBeLessThan(3000);
    expect(json.retryAfter).toMatch(/Z$/);
    expect(headers.get("ratelimit-remaining")).toBe("0");
    expect(Number(headers.get("ratelimit-reset"))).toBeLessThanOrEqual(60);
    expect(headers.get("ratelimit-policy")).toBeTruthy();
    expect(headers.get("x-ratelimit-limit")).toBeNull();
    expect(headers.get("x-retry-after")).toBeNull();
  });

  test("leaves the other families alone when it is used up", async () => {
    const ip = freshIp();
    for (let i = 0; i < 11; i++) await post(path, ip, body());
    for (const [other, otherBody] of families)
      expect((await post(other, ip, otherBody())).status === 429, other).toBe(other === path);
  });
});

test("another spelling of the path is no way around", async () => {
  const ip = freshIp();
  const body = () => ({ email: freshEmail(), password });
  for (let i = 0; i < 11; i++) await post("/sign-in/email", ip, body());
  for (const path of [
    "/sign-in/email/",
    "//sign-in/email",
    "/sign-in/emai%6c",
    "/sign-in/email?x=1",
    "/./sign-in/email",
    "/SIGN-IN/EMAIL",
  ])
    expect([400, 404, 429], path).toContain((await post(path, ip, body())).status);
});

test("a body that is no JSON counts as well", async () => {
  const ip = freshIp();
  const send = () =>
    call(app, "POST", "/api/auth/sign-in/email", { body: "{", headers: { "x-forwarded-for": ip } });
  for (let i = 0; i < 10; i++) expect((await send()).status).toBe(400);
  expect((await send()).status).toBe(429);
});

test("a forwarded address of one's own making buys nothing where no proxy is trusted", async () => {
  const direct = await startTestApp({ env: { AUTH_RATE_LIMIT_MAX: "10" }, worker: false });
  const body = () => ({ email: freshEmail(), password });
  const answers = [];
  for (let i = 0; i < 12; i++) answers.push(await post("/sign-in/email", freshIp(), body(), direct.url));
  expect(tally(answers)).toEqual({ 401: 10, 429: 2 });
});

test("addresses of one IPv6 /64 are one client", async () => {
  const body = () => ({ email: freshEmail(), password });
  const answers = [];
  for (let i = 1; i <= 11; i++) answers.push(await post("/sign-in/email", `2001:db8:1:2::${i}`, body()));
  expect(answers.at(-1)?.status).toBe(429);
  expect((await post("/sign-in/email", "2001:db8:1:3::1", body())).status).toBe(401);
});
