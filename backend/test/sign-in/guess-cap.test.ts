import { describe, expect, test } from "vitest";
import { createMemoryLimiter } from "../../src/adapters/limiter/memory.ts";
import { AuthRefusal } from "../../src/features/sign-in/sign-in.better-auth.ts";
import { createGuessCap } from "../../src/features/sign-in/sign-in.guess-cap.ts";
import { startTestApp } from "../harness/app.ts";
import { freshEmail, newAccount, signIn, tally } from "./account.ts";
import { answer, challenge, newEnrolled } from "./authenticator.ts";

const max = 6;
const env = { AUTH_FAILURES_MAX: String(max), TRUSTED_PROXIES: "127.0.0.1/32" };
const [passwords, codes] = [await startTestApp({ env }), await startTestApp({ env })];

let last = 0;
/** The first address of a /24 that nobody has used yet. */
const freshNet = () => `203.0.${++last}.1`;
const from = (ip: string, device = "Phone/1") => ({ "x-forwarded-for": ip, "user-agent": device });

test("failures at many accounts from many networks hold strangers back, and nobody who is known", async () => {
  const { email } = await newAccount(passwords);
  const traveller = await newAccount(passwords);
  const home = freshNet();
  expect((await signIn(passwords, email, undefined, from(home))).status).toBe(200);
  const spread = [];
  for (let i = 0; i < max; i++)
    spread.push(await signIn(passwords, freshEmail(), "a guess", from(freshNet())));
  expect(tally(spread)).toEqual({ 401: max });

  const net = freshNet();
  const neighbours = Array.from({ length: 8 }, (_, i) => net.replace(/1$/, String(i + 1)));
  const guesses = [];
  for (const ip of neighbours) guesses.push(await signIn(passwords, freshEmail(), "a guess", from(ip)));
  expect(guesses.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
  const held = guesses.at(-1);
  expect(held?.json).toMatchObject({ code: "rate_limited", limit: 5, window: "15 minutes" });
  expect(Number(held?.headers.get("retry-after"))).toBeGreaterThan(14 * 60);

  const known = await signIn(passwords, email, "a guess", from(net));
  const { requestId: _, retryAfter: _at, ...body } = known.json;
  expect(body, "no word on whether there is an account").toEqual({
    ...held?.json,
    requestId: undefined,
    retryAfter: undefined,
    detail: body.detail,
    message: body.message,
  });
  expect((await signIn(passwords, email, undefined, from(net))).status, "the right password too").toBe(429);

  for (let i = 0; i < 8; i++)
    expect((await signIn(passwords, email, undefined, from(home))).status, "from where one always does").toBe(
      200,
    );
  const away = await signIn(passwords, traveller.email, undefined, from(freshNet()));
  expect(away.status, "from a network that guesses nothing").toBe(200);
  expect(
    passwords.logLines.filter((line) => line.includes("too many failed sign-ins")),
    "told once",
  ).toHaveLength(1);
});

test("IPv6 is one neighbourhood by /48", async () => {
  const statuses = [];
  for (let i = 0; i < 7; i++)
    statuses.push((await signIn(passwords, freshEmail(), "a guess", from(`2001:db8:7:${i}::1`))).status);
  expect(statuses.slice(-2)).toEqual([429, 429]);
  expect((await signIn(passwords, freshEmail(), "a guess", from("2001:db8:8::1"))).status).toBe(401);
});

test("wrong second factors count like wrong passwords, and are held back like them", async () => {
  const people = [await newEnrolled(codes), await newEnrolled(codes)];
  const guess = async (i: number, ip: string) => {
    const person = people[i % 2] ?? people[0];
    if (!person) throw new Error("nobody is enrolled");
    const pending = await challenge(codes, person.email);
    const wrong = await person.device.wrongCode();
    return answer(codes, pending, wrong, { headers: from(ip) });
  };
  const spread = [];
  for (let i = 0; i < max; i++) spread.push(await guess(i, freshNet()));
  expect(tally(spread)).toEqual({ 401: max });
  const net = freshNet();
  const statuses = [];
  for (let i = 0; i < 7; i++) statuses.push((await guess(i, net)).status);
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
  expect((await signIn(codes, freshEmail(), "a guess", from(net))).status, "one budget").toBe(429);
});

describe("the cap", () => {
  const wrong = async () => {
    throw new AuthRefusal(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid");
  };
  const right = async () => "in";
  const stranger = (neighbourhood: string) => ({ neighbourhood, comesFromKnownPlace: async () => false });

  function setUp() {
    let time = 0;
    let told = 0;
    const cap = createGuessCap({
      limiter: createMemoryLimiter(() => time),
      budget: { max: 20, window: 60 },
      onUsedUp: () => {
        told += 1;
      },
    });
    const outcome = (net: string, attempt: () => Promise<unknown>) =>
      cap.guard(stranger(net), attempt).then(
        () => "in",
        (error: { code: string }) => error.code,
      );
    return { cap, outcome, told: () => told, pass: (seconds: number) => (time += seconds * 1000) };
  }

  test("loses no failure of many at once, tells once, and lifts with its window", async () => {
    const { outcome, told, pass } = setUp();
    await Promise.all(Array.from({ length: 40 }, (_, i) => outcome(`n${i}`, wrong)));
    expect(told()).toBe(1);
    const tries = await Promise.all(Array.from({ length: 30 }, () => outcome("one", wrong)));
    expect(tries.filter((code) => code === "rate_limited")).toHaveLength(25);
    pass(60);
    expect(await outcome("one", right)).toBe("in");
  });

  test("gives nothing back for a success", async () => {
    const { outcome } = setUp();
    for (let i = 0; i < 20; i++) await outcome(`n${i}`, wrong);
    const own = [];
    for (let i = 0; i < 6; i++) own.push(await outcome("one", right));
    expect(own).toEqual(["in", "in", "in", "in", "in", "rate_limited"]);
  });

  test("counts neither successes nor what is refused for other reasons, and asks for places only beyond it", async () => {
    const { cap, outcome } = setUp();
    const down = async () => {
      throw Object.assign(new Error("down"), { code: "unavailable" });
    };
    for (let i = 0; i < 50; i++) {
      await outcome("one", right);
      await outcome("one", down);
    }
    const asked = { neighbourhood: "one", comesFromKnownPlace: () => Promise.reject(new Error("asked")) };
    expect(await cap.guard(asked, right)).toBe("in");
  });
});
