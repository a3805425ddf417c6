import { hashPassword } from "better-auth/crypto";
import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { freshEmail, me, newAccount, signIn, signUp, tally, tokenOf } from "./account.ts";
import { leadsTo, mailsTo, mailTo, tokenIn } from "./mailbox.ts";

const app = await startTestApp({ env: { FRONTEND_URL: "https://app.example.test" } });
const { sql } = app.deps.database;
const other = "another horse battery";

const change = (token: string | undefined, body: Record<string, unknown>) =>
  call(app, "POST", "/api/auth/change-password", { token, body });
const askReset = (body: Record<string, unknown>) =>
  call(app, "POST", "/api/auth/request-password-reset", { body });
const reset = (token: string, newPassword: string) =>
  call(app, "POST", "/api/auth/reset-password", { body: { token, newPassword } });

async function resetToken(email: string): Promise<string> {
  expect((await askReset({ email })).status).toBe(200);
  return tokenIn(await mailTo(app, email, leadsTo("/reset-password")), "/reset-password");
}

async function storedHash(userId: string): Promise<string> {
  const [row] = await sql`select password from account where user_id = ${userId}`;
  return row?.password;
}

const unfit: readonly [string, string][] = [
  ["too short", "s3cr-tt"],
  ["too long", `${"x7".repeat(64)}y`],
  ["among the most common", "password123"],
  ["among the most common whatever its case", "PassWord123"],
  ["one character over and over", "aaaaaaaaaaaa"],
  ["not a string", 12345678 as unknown as string],
  ["empty", ""],
];

describe("a password change", () => {
  test("ends every earlier session and answers with a new token", async () => {
    const { email, token } = await newAccount(app);
    const elsewhere = await tokenOf(app, email);
    const changed = await change(token, { currentPassword: password, newPassword: other });
    expect(changed.status, changed.text).toBe(200);
    expect(changed.json.token).toBe(changed.headers.get("set-auth-token"));
    expect((await me(app, changed.json.token)).json.email).toBe(email);
    for (const earlier of [token, elsewhere]) expect((await me(app, earlier)).status).toBe(401);
    expect((await signIn(app, email, password)).status).toBe(401);
    expect((await signIn(app, email, other)).status).toBe(200);
    await mailTo(app, email, ({ subject }) => /password was changed/i.test(subject));
  });

  test("ends the other sessions even where the client asks to keep them", async () => {
    const { email, token } = await newAccount(app);
    const elsewhere = await tokenOf(app, email);
    const body = { currentPassword: password, newPassword: other, revokeOtherSessions: false };
    const changed = await change(token, body);
    expect([200, 400]).toContain(changed.status);
    expect((await me(app, elsewhere)).status).toBe(changed.status === 200 ? 401 : 200);
  });

  test("needs the present password and a token", async () => {
    const { email, token } = await newAccount(app);
    expect((await change(undefined, { currentPassword: password, newPassword: other })).status).toBe(401);
    const wrong = await change(token, { currentPassword: "not the password", newPassword: other });
    expect([400, 401]).toContain(wrong.status);
    expect((await me(app, token)).status).toBe(200);
    expect((await signIn(app, email, password)).status).toBe(200);
  });

  test.for(unfit)("refuses a new one that is %s", async ([, newPassword]) => {
    const { token } = await newAccount(app);
    const { status, json } = await change(token, { currentPassword: password, newPassword });
    expect(status).toBe(400);
    expect(json).toMatchObject({ status: 400, details: expect.any(Array), requestId: expect.any(String) });
    expect((await me(app, token)).status).toBe(200);
  });
});

describe("sign-up", () => {
  test.for(unfit)("refuses a password that is %s", async ([, unfitPassword]) => {
    const email = freshEmail();
    expect((await signUp(app, { email, password: unfitPassword })).status).toBe(400);
    expect(await sql`select 1 from "user" where email = ${email}`).toHaveLength(0);
  });

  test("takes passwords of 8 and of 128 characters, spaces and any alphabet", async () => {
    for (const fit of ["k3#vQ9!z", "w7Kq".repeat(32), "  два слова 密码  "]) {
      const email = freshEmail();
      expect((await signUp(app, { email, password: fit })).status).toBe(200);
      expect((await signIn(app, email, fit)).status).toBe(200);
      expect((await signIn(app, email, fit.slice(0, -1))).status).toBe(401);
    }
  });
});

describe("a password reset", () => {
  test("by the mailed link ends every session, and the link leads to the web client", async () => {
    const { email, token } = await newAccount(app);
    const elsewhere = await tokenOf(app, email);
    expect((await askReset({ email })).status).toBe(200);
    const mail = await mailTo(app, email, leadsTo("/reset-password"));
    expect(mail.links.map(({ origin }) => origin)).toEqual(mail.links.map(() => "https://app.example.test"));
    const done = await reset(tokenIn(mail, "/reset-password"), other);
    expect(done.status, done.text).toBe(200);
    expect(done.headers.get("set-auth-token")).toBeNull();
    for (const earlier of [token, elsewhere]) expect((await me(app, earlier)).status).toBe(401);
    expect((await signIn(app, email, password)).status).toBe(401);
    expect((await signIn(app, email, other)).status).toBe(200);
    await mailTo(app, email, ({ subject }) => /password was changed/i.test(subject));
  });

  test("works once, also when twenty use the link at the same time", async () => {
    const { email } = await newAccount(app);
    const token = await resetToken(email);
    const secrets = Array.from({ length: 20 }, (_, i) => `parallel battery ${i}`);
    const answers = await Promise.all(secrets.map((secret) => reset(token, secret)));
    expect(tally(answers)).toEqual({ 200: 1, 400: 19 });
    const winner = secrets[answers.findIndex(({ status }) => status === 200)] ?? "";
    expect((await signIn(app, email, winner)).status).toBe(200);
    expect((await reset(token, other)).status).toBe(400);
  });

  test.for(unfit)("refuses a password that is %s and leaves the link usable", async ([, newPassword]) => {
    const { email } = await newAccount(app);
    const token = await resetToken(email);
    expect((await reset(token, newPassword)).status).toBe(400);
    expect((await reset(token, other)).status).toBe(200);
  });

  test("needs the token as it was mailed, and before it expires", async () => {
    const { email } = await newAccount(app);
    const token = await resetToken(email);
    for (const wrong of ["", "x", `${token}x`, token.slice(0, -1), token.toUpperCase()])
      expect((await reset(wrong, other)).status).toBe(400);
    await sql`update verification set expires_at = now() - interval '1 minute'`;
    expect((await reset(token, other)).status).toBe(400);
    expect((await signIn(app, email, password)).status).toBe(200);
  });

  test("a token lies nowhere in the database as it was mailed", async () => {
    const { email } = await newAccount(app);
    const token = await resetToken(email);
    const rows = await sql`select identifier, value from verification`;
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(token);
  });

  test("sends nothing to an address without account and answers all the same", async () => {
    const { email } = await newAccount(app);
    const stranger = freshEmail();
    const [known, unknown] = [await askReset({ email }), await askReset({ email: stranger })];
    expect(unknown.status).toBe(known.status);
    expect(unknown.json).toEqual(known.json);
    expect([...unknown.headers.keys()].sort()).toEqual([...known.headers.keys()].sort());
    await mailTo(app, email, leadsTo("/reset-password"));
    expect(await mailsTo(app, stranger)).toEqual([]);
  });

  test("leads to the web client even where the client asks for a page of its own", async () => {
    const { email } = await newAccount(app);
    const asked = await askReset({ email, redirectTo: "https://app.example.test/elsewhere" });
    expect(asked.status, asked.text).toBe(200);
    const mail = await mailTo(app, email, leadsTo("/reset-password"));
    expect(mail.links.every(({ origin }) => origin === "https://app.example.test")).toBe(true);
    expect(mail.html).not.toContain(app.url);
  });
});

describe("a stored password", () => {
  const argon2id = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]{43}$/;

  test("is an Argon2id hash with its own salt", async () => {
    const [one, two] = [await newAccount(app), await newAccount(app)];
    const [first, second] = [await storedHash(one.userId), await storedHash(two.userId)];
    expect(first).toMatch(argon2id);
    expect(second).toMatch(argon2id);
    expect(first.split("$")[4]).not.toBe(second.split("$")[4]);
  });

  test("of Better-auth's scrypt still opens and becomes Argon2id at that sign-in", async () => {
    const { email, userId } = await newAccount(app);
    const scrypt = await hashPassword(other);
    await sql`update account set password = ${scrypt} where user_id = ${userId}`;
    expect((await signIn(app, email, "not the password")).status).toBe(401);
    expect(await storedHash(userId)).toBe(scrypt);
    expect((await signIn(app, email, other)).status).toBe(200);
    const rehashed = await storedHash(userId);
    expect(rehashed).toMatch(argon2id);
    expect((await signIn(app, email, other)).status).toBe(200);
    expect(await storedHash(userId)).toBe(rehashed);
  });

  test("that is no hash opens nothing and is no error of the server", async () => {
    const { email, userId } = await newAccount(app);
    for (const broken of ["", "x", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$", "$argon2id$", password]) {
      await sql`update account set password = ${broken} where user_id = ${userId}`;
      expect((await signIn(app, email)).status, broken).toBe(401);
    }
  });
});

describe("a password reset while no mail can be enqueued", async () => {
  const alone = await startTestApp();

  test("changes nothing", async () => {
    const { email, token } = await newAccount(alone);
    await call(alone, "POST", "/api/auth/request-password-reset", { body: { email } });
    const link = tokenIn(await mailTo(alone, email, leadsTo("/reset-password")), "/reset-password");
    await alone.deps.queue.stop();
    const body = { token: link, newPassword: other };
    expect((await call(alone, "POST", "/api/auth/reset-password", { body })).status).toBe(503);
    expect((await me(alone, token)).status).toBe(200);
    expect((await signIn(alone, email)).status).toBe(200);
  });
});
