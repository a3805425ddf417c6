import { hashPassword } from "better-auth/crypto";
import { describe, expect, test, vi } from "vitest";
import { reencryptSecondFactors } from "../../src/auth/reencrypt.ts";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { someoneWaits } from "../harness/locks.ts";
import { mailJobsTo } from "../harness/waiting-mails.ts";
import { freshEmail, me, newAccount, signIn } from "./account.ts";
import { answer, challenge, enrolling, freeCodes, newEnrolled } from "./authenticator.ts";
import { leadsTo, mailTo, tokenIn } from "./mailbox.ts";

const app = await startTestApp();
const { sql } = app.deps.database;
const other = "another horse battery";

type Answer = Awaited<ReturnType<typeof call>>;

const post = (path: string, token: string, body: Record<string, unknown>) =>
  call(app, "POST", `/api/auth${path}`, { token, body });
const reset = (token: string, newPassword: string) =>
  call(app, "POST", "/api/auth/reset-password", { body: { token, newPassword } });
const askReset = (email: string) =>
  call(app, "POST", "/api/auth/request-password-reset", { body: { email } });

async function resetToken(email: string): Promise<string> {
  await askReset(email);
  return tokenIn(await mailTo(app, email, leadsTo("/reset-password")), "/reset-password");
}
const sessionsOf = async (userId: string) =>
  (await sql`select 1 from session where user_id = ${userId}`).length;

describe("a password reset", () => {
  test("is not undone by a change that was under way, and leaves it no session", async () => {
    const { email, userId, token } = await newAccount(app);
    const link = await resetToken(email);
    const running: Promise<Answer>[] = [];
    await sql.begin(async (tx) => {
      await tx`select 1 from account where user_id = ${userId} for no key update`;
      running.push(reset(link, other));
      await someoneWaits(app, 1);
      const newPassword = "a third horse battery";
      running.push(post("/change-password", token, { currentPassword: password, newPassword }));
      await someoneWaits(app, 2);
    });
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 401]);
    expect(await sessionsOf(userId)).toBe(0);
    expect((await signIn(app, email, other)).status).toBe(200);
  });

  test("counts for a sign-in with the old password that comes before it is over", async () => {
    const { email, userId } = await newAccount(app);
    const link = await resetToken(email);
    await askReset(email);
    const running: Promise<Answer>[] = [];
    await sql.begin(async (tx) => {
      // The other link: what is forgotten comes after the sessions that end.
      await tx`select 1 from verification where id = (
        select id from verification where value = ${userId} order by created_at desc limit 1) for update`;
      running.push(reset(link, other));
      await someoneWaits(app, 1);
      running.push(signIn(app, email));
      await someoneWaits(app, 2);
    });
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 401]);
    expect(await sessionsOf(userId)).toBe(0);
  });

  test("link is not sent to an address that the account is just moving away from", async () => {
    const { email, userId } = await newAccount(app);
    const moved = freshEmail();
    let asked: Promise<Answer> | undefined;
    await sql.begin(async (tx) => {
      await tx`update "user" set email = ${moved} where id = ${userId}`;
      asked = askReset(email);
      await Promise.race([someoneWaits(app), mailTo(app, email, leadsTo("/reset-password"))]);
    });
    expect((await asked)?.status).toBe(200);
    await resetToken(moved);
    const mails = await mailJobsTo(app, email);
    expect(mails.filter(({ text }) => text.includes("reset-password?token="))).toEqual([]);
  });
});

test("of two codes that finish one enrolment at once the first does, and its session lives", async () => {
  const account = await newAccount(app);
  const device = await enrolling(app, account.token);
  const codes = [await device.code(), await device.code(-1)];
  let running: Promise<Answer>[] = [];
  await sql.begin(async (tx) => {
    await tx`select 1 from "user" where id = ${account.userId} for update`;
    running = codes.map((code) => post("/two-factor/verify-totp", account.token, { code }));
    await someoneWaits(app, 2);
  });
  const answers = (await Promise.all(running)).sort((a, b) => a.status - b.status);
  expect(answers.map(({ status, json }) => [status, json.code])).toEqual([
    [200, undefined],
    [401, "unauthenticated"],
  ]);
  const token = answers[0]?.headers.get("set-auth-token") ?? "";
  expect((await me(app, token)).json).toMatchObject({ id: account.userId, twoFactorEnabled: true });
  await freeCodes(app, account.userId);
  const finished = await answer(app, await challenge(app, account.email), await device.code());
  expect(finished.status).toBe(200);
});

test("two sign-ins at once with a password of an old kind both succeed", async () => {
  const { email, userId } = await newAccount(app);
  const scrypt = await hashPassword(other);
  await sql`update account set password = ${scrypt} where user_id = ${userId}`;
  let running: Promise<Answer>[] = [];
  await sql.begin(async (tx) => {
    await tx`select 1 from account where user_id = ${userId} for no key update`;
    running = [signIn(app, email, other), signIn(app, email, other)];
    await someoneWaits(app, 2);
  });
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200]);
});

test("of twenty changes of one password at once one takes effect, and its session lives", async () => {
  const { userId, token } = await newAccount(app);
  const secrets = Array.from({ length: 20 }, (_, i) => `parallel battery ${i}`);
  const answers = await Promise.all(
    secrets.map((newPassword) => post("/change-password", token, { currentPassword: password, newPassword })),
  );
  const won = answers.findIndex(({ status }) => status === 200);
  const others = answers.filter((_, i) => i !== won).map(({ status }) => status);
  for (const status of others) expect([401, 429]).toContain(status);
  expect((await me(app, answers[won]?.json.token)).status).toBe(200);
  expect(await sessionsOf(userId)).toBe(1);
  const [stored] = await sql`select password from account where user_id = ${userId}`;
  const matches = (secret = "") => app.deps.passwords.verify({ hash: stored?.password, password: secret });
  expect(await matches(secrets[won])).toBe(true);
});

test("of twenty sign-ins with one token of a trusted device one is trusted", async () => {
  const person = await newEnrolled(app);
  const answered = await answer(app, await challenge(app, person.email), await person.device.code(), {
    trustDevice: true,
  });
  const headers = { "x-trust-device": answered.json.trustDeviceToken as string };
  const signIns = await Promise.all(
    Array.from({ length: 20 }, () => signIn(app, person.email, password, headers)),
  );
  expect(signIns.filter(({ json }) => json.token)).toHaveLength(1);
  await vi.waitFor(async () => expect(await sessionsOf(person.userId)).toBe(3));
});

test("a backup code that is used while second factors move to another secret does not come back", async () => {
  const { userId } = await newEnrolled(app);
  const ring = [{ version: 2, value: "Nq3wZr8vKx5mTb1yHd6fJs0gLc4pEu7A" }, ...app.config.auth.secrets];
  let moving: Promise<unknown> | undefined;
  await sql.begin(async (tx) => {
    await tx`select 1 from two_factor where user_id = ${userId} for update`;
    moving = reencryptSecondFactors(app.deps.db, ring);
    await someoneWaits(app);
    await tx`update two_factor set backup_codes = 'one less' where user_id = ${userId}`;
  });
  await moving;
  expect(await sql`select backup_codes from two_factor where user_id = ${userId}`).toEqual([
    { backup_codes: "one less" },
  ]);
});
