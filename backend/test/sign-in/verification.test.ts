import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { freshEmail, me, signIn, signUp } from "./account.ts";
import { leadsTo, mailsTo, mailTo, tokenIn } from "./mailbox.ts";

const web = "https://app.example.test";
const app = await startTestApp({ env: { FRONTEND_URL: web, REQUIRE_EMAIL_VERIFICATION: "on" } });
const { sql } = app.deps.database;

const verify = (token: string) =>
  call(app, "GET", `/api/auth/verify-email?token=${encodeURIComponent(token)}`);
const mailedToken = async (email: string) =>
  tokenIn(await mailTo(app, email, leadsTo("/verify-email")), "/verify-email");
const headersWithoutId = (headers: Headers) =>
  [...headers].filter(([name]) => !/^(x-request-id|date|ratelimit-|content-length)/.test(name)).sort();

async function verifiedAccount(): Promise<{ email: string; userId: string; token: string }> {
  const email = freshEmail();
  await signUp(app, { email });
  expect((await verify(await mailedToken(email))).status).toBe(200);
  const { json } = await signIn(app, email);
  return { email, userId: json.user.id, token: json.token };
}

describe("where addresses have to be verified", () => {
  test("sign-up answers without a token of any kind", async () => {
    const { status, headers, json } = await signUp(app, { email: freshEmail() });
    expect(status).toBe(200);
    expect(headers.get("set-auth-token")).toBeNull();
    expect(json.token ?? null).toBeNull();
  });

  test("sign-in waits for the mailed link", async () => {
    const email = freshEmail();
    await signUp(app, { email });
    const early = await signIn(app, email);
    expect(early.status).toBe(403);
    expect(early.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    expect(early.headers.get("set-auth-token")).toBeNull();
    expect(early.json).toMatchObject({ code: "EMAIL_NOT_VERIFIED", status: 403, details: [] });
    for (const field of ["type", "title", "detail", "instance", "requestId", "error", "message"])
      expect(early.json[field], field).toEqual(expect.any(String));
    expect(early.json.requestId).toBe(early.headers.get("x-request-id"));
    const mail = await mailTo(app, email, leadsTo("/verify-email"));
    expect(mail.links.every(({ origin }) => origin === web)).toBe(true);
    const verified = await verify(tokenIn(mail, "/verify-email"));
    expect(verified.status, verified.text).toBe(200);
    expect(verified.headers.get("set-auth-token"), "a link signs nobody in").toBeNull();
    const signedIn = await signIn(app, email);
    expect(signedIn.status).toBe(200);
    expect((await me(app, signedIn.json.token)).json.emailVerified).toBe(true);
  });

  test("a wrong password of an unverified account says no more than any wrong password", async () => {
    const email = freshEmail();
    await signUp(app, { email });
    const { status, json } = await signIn(app, email, "not the password");
    expect([status, json.code]).toEqual([401, "INVALID_EMAIL_OR_PASSWORD"]);
  });

  test("a link that was edited or is no link verifies nothing", async () => {
    const email = freshEmail();
    await signUp(app, { email });
    const token = await mailedToken(email);
    for (const wrong of [
      "",
      "x",
      "a.b.c",
      `${token.slice(0, -2)}AA`,
      token.split(".").slice(0, 2).join("."),
    ]) {
      const { status, json } = await verify(wrong);
      expect([400, 401], `${status} for ${wrong}`).toContain(status);
      expect(json.requestId).toEqual(expect.any(String));
    }
    expect((await signIn(app, email)).status).toBe(403);
  });

  test("the mail can be asked for again, and nobody learns who has an account", async () => {
    const email = freshEmail();
    await signUp(app, { email });
    const verified = await verifiedAccount();
    const ask = (address: string) =>
      call(app, "POST", "/api/auth/send-verification-email", { body: { email: address } });
    const [known, unknown, done] = [await ask(email), await ask(freshEmail()), await ask(verified.email)];
    expect(known.status).toBe(200);
    for (const answer of [unknown, done]) {
      expect(answer.status).toBe(known.status);
      expect(answer.json).toEqual(known.json);
      expect(headersWithoutId(answer.headers)).toEqual(headersWithoutId(known.headers));
    }
  });
});

describe("a sign-up with an address that has an account", () => {
  test("is answered like a new one, changes nothing and tells the owner by mail", async () => {
    const { email, userId } = await verifiedAccount();
    const again = await signUp(app, { email, name: "Impostor", password: "impostor's battery" });
    const fresh = await signUp(app, {
      email: freshEmail(),
      name: "Impostor",
      password: "impostor's battery",
    });
    expect(again.status).toBe(fresh.status);
    expect(headersWithoutId(again.headers)).toEqual(headersWithoutId(fresh.headers));
    expect(Object.keys(again.json)).toEqual(Object.keys(fresh.json));
    expect(Object.keys(again.json.user)).toEqual(Object.keys(fresh.json.user));
    const variable = ["id", "email", "createdAt", "updatedAt"];
    for (const [field, value] of Object.entries(fresh.json.user)) {
      expect(typeof again.json.user[field], field).toBe(typeof value);
      if (!variable.includes(field)) expect(again.json.user[field], field).toEqual(value);
    }
    expect(again.json.user.id).not.toBe(userId);
    expect(again.json.user.id[14], "version of the made-up id").toBe(fresh.json.user.id[14]);
    expect(Math.abs(Date.parse(again.json.user.createdAt) - Date.now())).toBeLessThan(10_000);
    const mail = await mailTo(app, email, ({ subject }) => /already have an account/i.test(subject));
    expect(mail.links.some(({ searchParams }) => searchParams.has("token"))).toBe(false);
    expect((await signIn(app, email)).json.user).toMatchObject({ id: userId, name: "Test Person" });
    expect((await signIn(app, email, "impostor's battery")).status).toBe(401);
  });

  test("is answered like a new one where the first was never verified", async () => {
    const email = freshEmail();
    const first = await signUp(app, { email });
    const again = await signUp(app, { email, password: "impostor's battery" });
    expect([again.status, Object.keys(again.json.user)]).toEqual([
      first.status,
      Object.keys(first.json.user),
    ]);
    expect((await signIn(app, email, "impostor's battery")).status).toBe(401);
  });

  test("in another spelling makes no second account", async () => {
    const { email, userId } = await verifiedAccount();
    expect((await signUp(app, { email: email.toUpperCase() })).status).toBe(200);
    const rows = await sql`select id from "user" where lower(email) = ${email}`;
    expect(rows.map(({ id }) => id)).toEqual([userId]);
  });

  test("twenty at once make one account", async () => {
    const email = freshEmail();
    const answers = await Promise.all(Array.from({ length: 20 }, () => signUp(app, { email })));
    for (const { status, text } of answers) expect(status, text).toBe(200);
    expect(await sql`select 1 from "user" where email = ${email}`).toHaveLength(1);
  });
});

describe("a change of the address", () => {
  const change = (token: string, newEmail: string) =>
    call(app, "POST", "/api/auth/change-email", { token, body: { newEmail } });

  test("goes through a mail to either address and ends the other sessions", async () => {
    const { email, userId, token } = await verifiedAccount();
    const elsewhere = (await signIn(app, email)).json.token;
    const newEmail = freshEmail("new");
    expect((await change(token, newEmail)).status).toBe(200);
    const confirmation = await mailTo(app, email, ({ text }) => text.includes(newEmail));
    expect(confirmation.links.every(({ origin }) => origin === web)).toBe(true);
    expect(await mailsTo(app, newEmail), "nothing before the owner has agreed").toEqual([]);
    expect((await verify(tokenIn(confirmation, "/verify-email"))).status).toBe(200);
    expect((await me(app, token)).json.email, "not before the new address is proven").toBe(email);
    const asked = await mailTo(app, newEmail, leadsTo("/verify-email"));
    expect(asked.text).toMatch(/use this address for your account/);
    expect(asked.text).not.toMatch(/create an account/);
    const link = tokenIn(asked, "/verify-email");
    const proof = await verify(link);
    expect(proof.status, proof.text).toBe(200);
    const again = await verify(link);
    expect(again, "the link works once").toMatchObject({ status: 400, json: { code: "INVALID_TOKEN" } });
    expect(again.json.detail).toMatch(/used already/);
    expect((await me(app, elsewhere)).status).toBe(401);
    expect((await signIn(app, email)).status).toBe(401);
    const signedIn = await signIn(app, newEmail);
    expect(signedIn.json.user).toMatchObject({ id: userId, email: newEmail, emailVerified: true });
  });

  test("to an address that is taken is answered alike and changes nothing", async () => {
    const [mine, theirs] = [await verifiedAccount(), await verifiedAccount()];
    const [taken, free] = [await change(mine.token, theirs.email), await change(mine.token, freshEmail())];
    expect([taken.status, taken.json]).toEqual([free.status, free.json]);
    expect((await me(app, mine.token)).json.email).toBe(mine.email);
    expect((await signIn(app, theirs.email)).json.user.id).toBe(theirs.userId);
  });

  test("needs a token", async () => {
    const body = { newEmail: freshEmail() };
    expect((await call(app, "POST", "/api/auth/change-email", { body })).status).toBe(401);
  });
});

test("a person who never verified cannot reset into an account without proving the address", async () => {
  const email = freshEmail();
  await signUp(app, { email });
  const asked = await call(app, "POST", "/api/auth/request-password-reset", { body: { email } });
  expect(asked.status).toBe(200);
  const known = await signIn(app, email, password);
  expect(known.status).toBe(403);
});
