import { expect, test, vi } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { freshEmail, me, newAccount, signIn, tally } from "./account.ts";

const app = await startTestApp();
const fail = async (email: string, times: number) => {
  const answers = [];
  for (let i = 0; i < times; i++) answers.push(await signIn(app, email, `wrong guess ${i}`));
  return answers;
};

test("ten failures lock an account, for the right password too, and nobody else", async () => {
  const [victim, bystander] = [await newAccount(app), await newAccount(app)];
  expect(tally(await fail(victim.email, 10))).toEqual({ 401: 10 });
  const { status, headers, json } = await signIn(app, victim.email);
  expect([status, json.code]).toEqual([429, "account_locked"]);
  expect(headers.get("content-type")).toMatch(/^application\/problem\+json/);
  const seconds = Number(headers.get("retry-after"));
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect(seconds).toBeLessThanOrEqual(60);
  expect((await signIn(app, bystander.email)).status).toBe(200);
  expect((await me(app, victim.token)).status, "who is signed in stays so").toBe(200);
});

test("an address without account is locked just so, in the same words", async () => {
  const [known, unknown] = [(await newAccount(app)).email, freshEmail()];
  await fail(known, 10);
  expect(tally(await fail(unknown, 10))).toEqual({ 401: 10 });
  const [one, two] = [await signIn(app, known), await signIn(app, unknown)];
  const wording = ({ json }: typeof one) => ({
    ...json,
    requestId: "",
    retryAfter: "",
    detail: json.detail?.replace(/\d+/, "n"),
    message: json.message?.replace(/\d+/, "n"),
  });
  expect([two.status, wording(two)]).toEqual([429, wording(one)]);
});

test("spellings of one address are one account", async () => {
  const { email } = await newAccount(app, "k");
  await fail(email.toUpperCase(), 4);
  await fail(email, 3);
  await fail(`${email.charAt(0).toUpperCase()}${email.slice(1)}`, 3);
  expect((await signIn(app, email)).status).toBe(429);
  const fullWidth = String.fromCodePoint(email.charCodeAt(0) + 0xfee0);
  // The Kelvin sign becomes an ordinary k in lower case.
  const variants = [
    email.toUpperCase(),
    ` ${email}`,
    `${email} `,
    `\u212a${email.slice(1)}`,
    `${fullWidth}${email.slice(1)}`,
  ];
  for (const variant of variants) expect([400, 429], variant).toContain((await signIn(app, variant)).status);
});

test("a success starts the count again", async () => {
  const { email } = await newAccount(app);
  for (let round = 0; round < 2; round++) {
    expect(tally(await fail(email, 9))).toEqual({ 401: 9 });
    expect((await signIn(app, email)).status).toBe(200);
  }
});

test("a hundred guesses at once get ten verifications", async () => {
  const { email } = await newAccount(app);
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => signIn(app, email, `guess ${i}`)));
  expect(tally(answers)).toEqual({ 401: 10, 429: 90 });
  expect((await signIn(app, email)).status).toBe(429);
});

test("guesses at the present password in a stolen session count as well", async () => {
  const { token } = await newAccount(app);
  const statuses = [];
  for (let i = 0; i < 11; i++) {
    const body = { currentPassword: `guess ${i}`, newPassword: "another horse battery" };
    statuses.push((await call(app, "POST", "/api/auth/change-password", { token, body })).status);
  }
  expect(statuses.at(-1)).toBe(429);
  const body = { currentPassword: password, newPassword: "another horse battery" };
  expect((await call(app, "POST", "/api/auth/change-password", { token, body })).status).toBe(429);
});

test("the lock opens after a minute, and grows when the guessing goes on, up to 15 minutes", async () => {
  const { email } = await newAccount(app);
  await fail(email, 10);
  const waits: number[] = [];
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  try {
    for (let round = 0; round < 8; round++) {
      let refused = await signIn(app, email, "wrong");
      for (let i = 0; refused.status === 401 && i < 12; i++) refused = await signIn(app, email, "wrong");
      expect(refused.status).toBe(429);
      const seconds = Number(refused.headers.get("retry-after"));
      waits.push(seconds);
      vi.advanceTimersByTime((seconds + 1) * 1000);
    }
    expect(waits[0]).toBeLessThanOrEqual(60);
    expect(waits.toSorted((a, b) => a - b)).toEqual(waits);
    expect(waits.at(-1)).toBeGreaterThan(14 * 60);
    expect(Math.max(...waits)).toBeLessThanOrEqual(15 * 60);
    expect((await signIn(app, email)).status, "the owner gets in when the lock is over").toBe(200);
  } finally {
    vi.useRealTimers();
  }
});
