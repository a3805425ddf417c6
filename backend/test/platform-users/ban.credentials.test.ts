import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPlatformAdmin } from "../harness/client.ts";
import { freshEmail, me, newAccount, signIn, signUp } from "../sign-in/account.ts";
import { answer, challenge, freeCodes, newEnrolled } from "../sign-in/authenticator.ts";
import { leadsTo, mailTo, tokenIn } from "../sign-in/mailbox.ts";
import { act } from "./users.ts";

const app = await startTestApp();
const { sql } = app.deps.database;
const admin = await createPlatformAdmin(app);

async function resetToken(email: string): Promise<string> {
  await call(app, "POST", "/api/auth/request-password-reset", { body: { email } });
  return tokenIn(await mailTo(app, email, leadsTo("/reset-password")), "/reset-password");
}
const reset = (token: string, newPassword: string) =>
  call(app, "POST", "/api/auth/reset-password", { body: { token, newPassword } });

test("a pending second factor is gone with the ban", async () => {
  const person = await newEnrolled(app);
  const pending = await challenge(app, person.email);
  await act(app, admin, person, "ban");
  const refused = await answer(app, pending, await person.device.code());
  expect([refused.status, refused.json.code]).toEqual([401, "INVALID_TWO_FACTOR_CHALLENGE"]);
});

test("a second factor that outlived the ban reads like a wrong code and leaves no session", async () => {
  const person = await newEnrolled(app);
  const codes = [
    [await person.device.wrongCode(), "totp"],
    [await person.device.code(), "totp"],
    [person.backupCodes[0] ?? "", "backup-code"],
  ] as const;
  const pending: string[] = [];
  for (const _ of codes) pending.push(await challenge(app, person.email));
  const rows = await sql`select * from verification where value = ${person.userId}`;
  await act(app, admin, person, "ban");
  await sql`insert into verification ${sql(rows)}`;
  for (const [i, [code, factor]] of codes.entries()) {
    const refused = await answer(app, pending[i] ?? "", code, { factor });
    expect([refused.status, refused.json.code, i]).toEqual([401, "INVALID_CODE", i]);
    expect(refused.headers.get("set-auth-token")).toBeNull();
  }
  expect(await sql`select 1 from session where user_id = ${person.userId}`).toHaveLength(0);
});

test("a trusted device is not trusted any more once the ban is lifted", async () => {
  const person = await newEnrolled(app);
  const { json } = await answer(app, await challenge(app, person.email), await person.device.code(), {
    trustDevice: true,
  });
  await freeCodes(app, person.userId);
  const fromDevice = () =>
    signIn(app, person.email, undefined, { "x-trust-device": json.trustDeviceToken as string });
  await act(app, admin, person, "ban");
  expect((await fromDevice()).json.code).toBe("INVALID_EMAIL_OR_PASSWORD");
  await act(app, admin, person, "unban");
  expect((await fromDevice()).json.twoFactorRedirect).toBe(true);
});

test("a new password lifts no ban, and a link of before it is dead", async () => {
  const person = await newAccount(app);
  const before = await resetToken(person.email);
  await act(app, admin, person, "ban");
  expect((await reset(before, "another horse battery")).status).toBe(400);
  const other = await newAccount(app);
  await act(app, admin, other, "ban");
  const during = await resetToken(other.email);
  expect((await reset(during, "another horse battery")).status).toBe(200);
  expect((await signIn(app, other.email, "another horse battery")).status).toBe(401);
  await act(app, admin, other, "unban");
  expect((await signIn(app, other.email, "another horse battery")).status).toBe(200);
});

test("a link to verify an address does nothing for somebody banned, and reads like no link at all", async () => {
  const email = freshEmail();
  const { json } = await signUp(app, { email });
  const token = tokenIn(await mailTo(app, email, leadsTo("/verify-email")), "/verify-email");
  const follow = (link: string) => call(app, "GET", `/api/auth/verify-email?token=${link}`);
  const person = { userId: json.user.id as string };
  await act(app, admin, person, "ban");
  const [refused, forged] = [await follow(token), await follow("never.issued.x")];
  expect([refused.status, refused.json.code]).toEqual([forged.status, forged.json.code]);
  const state = () => sql`select email, email_verified from "user" where id = ${person.userId}`;
  expect(await state()).toEqual([{ email, email_verified: false }]);
  await act(app, admin, person, "unban");
  expect((await follow(token)).status).toBe(200);
  expect(await state()).toEqual([{ email, email_verified: true }]);
});

test("a forged link finds out about nobody", async () => {
  const [free, banned] = [await newAccount(app), await newAccount(app)];
  await act(app, admin, banned, "ban");
  const page = new URL("/somewhere", app.config.frontendUrl).href;
  for (const rest of ["", `&callbackURL=${encodeURIComponent(page)}`]) {
    const seen = [];
    for (const email of [free.email, banned.email, freshEmail(), "a\0b", 7]) {
      const payload = Buffer.from(JSON.stringify({ email })).toString("base64url");
      const link = `/api/auth/verify-email?token=e30.${payload}.AAAA${rest}`;
      const { status, json, headers } = await call(app, "GET", link);
      seen.push([status, json?.code, headers.get("location")]);
    }
    for (const one of seen) expect(one).toEqual(seen[0]);
    expect([302, 400]).toContain(seen[0]?.[0]);
  }
});

test("an account is as it was when the ban is lifted, second factor included", async () => {
  const person = await newEnrolled(app);
  await act(app, admin, person, "ban");
  await act(app, admin, person, "unban");
  const finished = await answer(app, await challenge(app, person.email), await person.device.code());
  expect((await me(app, finished.json.token)).json).toMatchObject({ twoFactorEnabled: true });
});

test("signing up with a banned address is answered like with any address that is taken", async () => {
  const [free, banned] = [await newAccount(app), await newAccount(app)];
  await act(app, admin, banned, "ban");
  const shapes = [];
  for (const { email } of [free, banned]) {
    const { status, json } = await signUp(app, { email });
    shapes.push([status, json.code, Object.keys(json).sort()]);
  }
  expect(shapes[0]).toEqual(shapes[1]);
});
