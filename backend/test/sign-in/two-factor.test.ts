import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { someoneWaits } from "../harness/locks.ts";
import { me, newAccount, signIn, tally, tokenOf } from "./account.ts";
import { answer, authenticator, challenge, enrol, freeCodes, newEnrolled } from "./authenticator.ts";
import { leadsTo, mailTo, tokenIn } from "./mailbox.ts";

const app = await startTestApp();
const post = (path: string, token: string | undefined, body: Record<string, unknown>) =>
  call(app, "POST", `/api/auth/two-factor/${path}`, { token, body });

describe("enrolment", () => {
  test("takes effect with the first code, ends the other sessions and is told by mail", async () => {
    const account = await newAccount(app);
    const elsewhere = await tokenOf(app, account.email);
    const enabled = await post("enable", account.token, { password });
    expect(enabled.json.totpURI).toMatch(/^otpauth:\/\/totp\//);
    expect(new Set(enabled.json.backupCodes).size).toBeGreaterThanOrEqual(8);
    expect((await signIn(app, account.email)).json.twoFactorRedirect, "not before a code").toBeUndefined();
    const device = authenticator(enabled.json.totpURI);
    expect((await post("verify-totp", account.token, { code: await device.wrongCode() })).status).toBe(401);
    const verified = await post("verify-totp", account.token, { code: await device.code() });
    expect(verified.status, verified.text).toBe(200);
    const token = verified.headers.get("set-auth-token") ?? account.token;
    if (verified.json.token) expect(verified.json.token).toBe(token);
    expect((await me(app, token)).json).toMatchObject({ id: account.userId, twoFactorEnabled: true });
    expect((await me(app, elsewhere)).status).toBe(401);
    await mailTo(app, account.email, ({ subject }) => /two-factor.*on/i.test(subject));
  });

  test("counts for a sign-in that was under way", async () => {
    const account = await newAccount(app);
    let signedIn: ReturnType<typeof signIn> | undefined;
    await app.deps.database.sql.begin(async (tx) => {
      // The new session refers to the person, so it waits.
      await tx`select 1 from "user" where id = ${account.userId} for update`;
      signedIn = signIn(app, account.email);
      await someoneWaits(app);
      await tx`update "user" set two_factor_enabled = true where id = ${account.userId}`;
    });
    const { status, json } = (await signedIn) ?? {};
    expect({ status, token: json.token }).toEqual({ status: 401 });
    const sessions = await app.deps.database.sql`select 1 from session where user_id = ${account.userId}`;
    expect(sessions).toHaveLength(1);
  });

  test("of a secret that is taken away in that moment does not take effect", async () => {
    const account = await newAccount(app);
    const { json } = await post("enable", account.token, { password });
    let verified: ReturnType<typeof post> | undefined;
    const code = await authenticator(json.totpURI).code();
    await app.deps.database.sql.begin(async (tx) => {
      await tx`select 1 from "user" where id = ${account.userId} for no key update`;
      verified = post("verify-totp", account.token, { code });
      await someoneWaits(app);
      await tx`delete from two_factor where user_id = ${account.userId}`;
    });
    expect([400, 401]).toContain((await verified)?.status);
    const again = await signIn(app, account.email);
    expect(again.json.user).toMatchObject({ id: account.userId, twoFactorEnabled: false });
  });

  test("needs the password and a token", async () => {
    const { token } = await newAccount(app);
    expect((await post("enable", undefined, { password })).status).toBe(401);
    expect([400, 401]).toContain((await post("enable", token, { password: "not the password" })).status);
    expect((await me(app, token)).json.twoFactorEnabled).toBe(false);
  });

  test("keeps neither the secret nor the backup codes readable in the database", async () => {
    const { userId, backupCodes } = await newEnrolled(app);
    const [row] = await app.deps.database
      .sql`select secret, backup_codes from two_factor where user_id = ${userId}`;
    for (const code of backupCodes) expect(JSON.stringify(row)).not.toContain(code);
  });
});

describe("a sign-in with a second factor", () => {
  test("waits with a challenge and no token of any kind", async () => {
    const { email, userId } = await newEnrolled(app);
    const { status, headers, json } = await signIn(app, email);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      twoFactorRedirect: true,
      challengeToken: expect.any(String),
      twoFactorMethods: expect.arrayContaining(["totp"]),
    });
    expect(json.token ?? null).toBeNull();
    for (const name of ["set-auth-token", "set-cookie", "set-two-factor-token", "set-two-factor-challenge"])
      expect(headers.get(name), name).toBeNull();
    expect((await me(app, json.challengeToken)).status).toBe(401);
    const [{ n } = { n: -1 }] = await app.deps.database
      .sql`select count(*)::int as n from session where user_id = ${userId}`;
    expect(n, "only the session of the enrolment").toBe(1);
  });

  test("finishes with a code or with a backup code", async () => {
    const { email, userId, device, backupCodes } = await newEnrolled(app);
    const byTotp = await answer(app, await challenge(app, email), await device.code());
    const byBackup = await answer(app, await challenge(app, email), backupCodes[0] ?? "", {
      factor: "backup-code",
    });
    for (const { status, headers, json } of [byTotp, byBackup]) {
      expect(status).toBe(200);
      expect(json.token).toBe(headers.get("set-auth-token"));
      expect((await me(app, json.token)).json.id).toBe(userId);
    }
  });

  test("refuses wrong codes and lets the right one follow", async () => {
    const { email, device } = await newEnrolled(app);
    const pending = await challenge(app, email);
    for (const code of [await device.wrongCode(), "", "12345", "1234567", "abcdef"])
      expect([400, 401], code).toContain((await answer(app, pending, code)).status);
    const wrongBackup = await answer(app, pending, "AAAAA-AAAAA", { factor: "backup-code" });
    expect([wrongBackup.status, wrongBackup.headers.get("set-auth-token")]).toEqual([401, null]);
    expect((await answer(app, pending, await device.code())).status).toBe(200);
  });

  test("takes a challenge once", async () => {
    const { email, userId, device, backupCodes } = await newEnrolled(app);
    const pending = await challenge(app, email);
    expect((await answer(app, pending, await device.code())).status).toBe(200);
    await freeCodes(app, userId);
    expect((await answer(app, pending, await device.code())).status).toBe(401);
    expect((await answer(app, pending, backupCodes[0] ?? "", { factor: "backup-code" })).status).toBe(401);
  });

  test("takes a challenge of one person with nobody else's code, and no edited one", async () => {
    const [mine, theirs] = [await newEnrolled(app), await newEnrolled(app)];
    const pending = await challenge(app, theirs.email);
    expect((await answer(app, pending, await mine.device.code())).status).toBe(401);
    expect((await answer(app, pending, mine.backupCodes[0] ?? "", { factor: "backup-code" })).status).toBe(
      401,
    );
    for (const edited of ["x", `${pending.slice(0, -4)}AAAA`, `x${pending.slice(1)}`])
      expect([400, 401]).toContain((await answer(app, edited, await theirs.device.code())).status);
    expect([400, 401]).toContain(
      (await post("verify-totp", undefined, { code: await theirs.device.code() })).status,
    );
  });

  test("refuses a challenge or trusted device that is no text of ours as it refuses a wrong one", async () => {
    const { email, device } = await newEnrolled(app);
    const [identifier] = (await challenge(app, email)).split(".");
    for (const odd of ["%", "%ff", "%00", "%00.x", "%0a.x", `2fa-attempts-${identifier}.x`]) {
      const { status, json } = await answer(app, odd, await device.code());
      expect([status, json.code], odd).toEqual([401, "INVALID_TWO_FACTOR_CHALLENGE"]);
      const pending = await signIn(app, email, password, { "x-trust-device": odd });
      expect([pending.status, pending.json.twoFactorRedirect], odd).toEqual([200, true]);
    }
  });

  test("is locked after ten failed second factors, across challenges and for the right code too", async () => {
    const { email, device } = await newEnrolled(app);
    const wrong = await device.wrongCode();
    const answers = [];
    for (let i = 0; i < 10; i++) answers.push(await answer(app, await challenge(app, email), wrong));
    expect(tally(answers)).toEqual({ 401: 10 });
    const locked = await answer(app, await challenge(app, email), await device.code());
    expect([locked.status, locked.headers.get("set-auth-token")]).toEqual([429, null]);
    expect(Number(locked.headers.get("retry-after"))).toBeGreaterThan(14 * 60);
    expect(Number(locked.headers.get("retry-after"))).toBeLessThanOrEqual(15 * 60);
  });

  test("is asked for after a password reset as well", async () => {
    const { email, device } = await newEnrolled(app);
    await call(app, "POST", "/api/auth/request-password-reset", { body: { email } });
    const token = tokenIn(await mailTo(app, email, leadsTo("/reset-password")), "/reset-password");
    const done = await call(app, "POST", "/api/auth/reset-password", {
      body: { token, newPassword: "another horse battery" },
    });
    expect([done.status, done.headers.get("set-auth-token")]).toEqual([200, null]);
    const pending = await challenge(app, email, "another horse battery");
    expect((await answer(app, pending, await device.wrongCode())).status).toBe(401);
    expect((await answer(app, pending, await device.code())).status).toBe(200);
  });
});

describe("turning it off", () => {
  test("needs the password and a code", async () => {
    const { email, token, device } = await newEnrolled(app);
    const wrongCode = await device.wrongCode();
    for (const body of [
      { password },
      { code: await device.code() },
      { password, code: wrongCode },
      { password, code: "AAAAA-AAAAA" },
    ]) {
      expect([400, 401], JSON.stringify(body)).toContain((await post("disable", token, body)).status);
      expect((await signIn(app, email)).json.twoFactorRedirect, JSON.stringify(body)).toBe(true);
    }
    const wrong = await post("disable", token, { password: "not the password", code: await device.code() });
    expect([400, 401]).toContain(wrong.status);
    expect((await signIn(app, email)).json.twoFactorRedirect).toBe(true);
  });

  test("with both ends the other sessions and is told by mail; a backup code will do", async () => {
    const { email, token, device, userId, backupCodes } = await newEnrolled(app);
    const elsewhere = (await answer(app, await challenge(app, email), await device.code())).json.token;
    await freeCodes(app, userId);
    const off = await post("disable", token, { password, code: backupCodes[0] ?? "" });
    expect(off.status, off.text).toBe(200);
    expect((await me(app, elsewhere)).status).toBe(401);
    expect((await me(app, off.headers.get("set-auth-token") ?? token)).json?.twoFactorEnabled).toBe(false);
    expect((await signIn(app, email)).headers.get("set-auth-token")).toBeTruthy();
    await mailTo(app, email, ({ subject }) => /two-factor.*off/i.test(subject));
  });
});

test("new backup codes replace the old ones and need the password, and later on a code", async () => {
  const { email, userId, token, device, backupCodes } = await newEnrolled(app);
  await app.deps.database
    .sql`update session set created_at = now() - interval '25 hours', second_factor_at = now() - interval '25 hours' where user_id = ${userId}`;
  const wrongCode = await device.wrongCode();
  for (const body of [
    { password },
    { password, code: wrongCode },
    { password: "not the password", code: await device.code() },
  ])
    expect([400, 401, 403], JSON.stringify(body)).toContain(
      (await post("generate-backup-codes", token, body)).status,
    );
  await freeCodes(app, userId);
  const made = await post("generate-backup-codes", token, { password, code: await device.code() });
  expect(made.status, made.text).toBe(200);
  const use = async (code = "") => answer(app, await challenge(app, email), code, { factor: "backup-code" });
  expect((await use(backupCodes[0])).status).toBe(401);
  expect((await use(made.json.backupCodes[0])).status).toBe(200);
});

test("a second enrolment does not go around the first", async () => {
  const { email, token, device } = await newEnrolled(app);
  await post("enable", token, { password });
  expect((await signIn(app, email)).json.twoFactorRedirect).toBe(true);
  expect((await answer(app, await challenge(app, email), await device.wrongCode())).status).toBe(401);
});

test("an enrolment that was never finished leaves the sign-in as it is", async () => {
  const account = await newAccount(app);
  await post("enable", account.token, { password });
  expect((await signIn(app, account.email)).headers.get("set-auth-token")).toBeTruthy();
  expect((await enrol(app, account)).backupCodes.length).toBeGreaterThan(0);
});
