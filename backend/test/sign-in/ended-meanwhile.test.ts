import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPlatformAdmin, password } from "../harness/client.ts";
import { someoneWaits } from "../harness/locks.ts";
import { me, newAccount, signIn } from "./account.ts";
import { answer, challenge, type Enrolled, enrolling, newEnrolled } from "./authenticator.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const other = "another horse battery";

type Answer = Awaited<ReturnType<typeof call>>;

const post = (path: string, token: string, body: Record<string, unknown>) =>
  call(app, "POST", `/api/auth${path}`, { token, body });
const sessionsOf = async (userId: string) =>
  (await sql`select 1 from session where user_id = ${userId}`).length;

describe("what was under way when every session was ended comes to nothing", () => {
  /** Ends everything as every ending does: with the person locked, until it commits. */
  async function endedMeanwhile(userId: string, begin: () => Promise<Answer>): Promise<Answer> {
    let pending: Promise<Answer> | undefined;
    await sql.begin(async (tx) => {
      await tx`select 1 from "user" where id = ${userId} for update`;
      pending = begin();
      await someoneWaits(app);
      await tx`delete from session where user_id = ${userId}`;
      await tx`delete from verification where value = ${userId}`;
    });
    if (!pending) throw new Error("not begun");
    return pending;
  }

  test.each(["change-password", "disable", "generate-backup-codes"])("%s", async (name) => {
    const person = await newEnrolled(app);
    const code = await person.device.code();
    const path = name === "change-password" ? "/change-password" : `/two-factor/${name}`;
    const body =
      name === "change-password" ? { currentPassword: password, newPassword: other } : { password, code };
    const before = await sql`select secret, backup_codes from two_factor where user_id = ${person.userId}`;
    const late = await endedMeanwhile(person.userId, () => post(path, person.token, body));
    expect([late.status, late.json.code]).toEqual([401, "unauthenticated"]);
    expect(late.headers.get("set-auth-token")).toBeNull();
    expect(await sessionsOf(person.userId)).toBe(0);
    expect(await sql`select secret, backup_codes from two_factor where user_id = ${person.userId}`).toEqual(
      before,
    );
    expect((await signIn(app, person.email)).json.twoFactorRedirect).toBe(true);
  });

  test("an enrolment", async () => {
    const account = await newAccount(app);
    const code = await (await enrolling(app, account.token)).code();
    const late = await endedMeanwhile(account.userId, () =>
      post("/two-factor/verify-totp", account.token, { code }),
    );
    expect([late.status, late.json.code]).toEqual([401, "unauthenticated"]);
    expect(await sessionsOf(account.userId)).toBe(0);
    expect((await signIn(app, account.email)).json.token).toEqual(expect.any(String));
  });

  test.each(["totp", "backup-code"] as const)("a second factor: %s", async (factor) => {
    const person = await newEnrolled(app);
    const pending = await challenge(app, person.email);
    const code = factor === "totp" ? await person.device.code() : (person.backupCodes[0] ?? "");
    const late = await endedMeanwhile(person.userId, () =>
      answer(app, pending, code, { factor, trustDevice: true }),
    );
    expect([late.status, late.json.code]).toEqual([401, "INVALID_TWO_FACTOR_CHALLENGE"]);
    expect(await sessionsOf(person.userId)).toBe(0);
    expect(await sql`select 1 from verification where value = ${person.userId}`).toHaveLength(0);
  });

  test("a trusted device", async () => {
    const person = await newEnrolled(app);
    const answered = await answer(app, await challenge(app, person.email), await person.device.code(), {
      trustDevice: true,
    });
    let pending: Promise<Answer> | undefined;
    await sql.begin(async (tx) => {
      await tx`select 1 from "user" where id = ${person.userId} for no key update`;
      await tx`select 1 from verification where value = ${person.userId} for update`;
      pending = signIn(app, person.email, password, { "x-trust-device": answered.json.trustDeviceToken });
      await someoneWaits(app);
      await tx`delete from session where user_id = ${person.userId}`;
      await tx`delete from verification where value = ${person.userId}`;
    });
    const late = await pending;
    expect([late?.status, late?.json.twoFactorRedirect, late?.json.token ?? null]).toEqual([200, true, null]);
    expect(late?.json.trustDeviceToken).toBeUndefined();
    expect(await sessionsOf(person.userId)).toBe(0);
  });
});

const enders = {
  "a platform admin": async ({ userId }: Enrolled) => {
    const { token } = await createPlatformAdmin(app);
    return () => call(app, "POST", `/api/v1/platform/users/${userId}/revoke-sessions`, { token });
  },
  "the person, elsewhere": async ({ email, backupCodes }: Enrolled) => {
    const code = backupCodes[0] ?? "";
    const { json } = await answer(app, await challenge(app, email), code, { factor: "backup-code" });
    return () => call(app, "DELETE", "/api/v1/me/auth-sessions", { token: json.token });
  },
};

test.each(Object.entries(enders))(
  "a session that is half replaced is ended with the rest by %s",
  async (_, ender) => {
    const person = await newEnrolled(app);
    const end = await ender(person);
    const code = await person.device.code();
    const running: Promise<Answer>[] = [];
    await sql.begin(async (tx) => {
      await tx`select 1 from two_factor where user_id = ${person.userId} for update`;
      running.push(post("/two-factor/disable", person.token, { password, code }));
      await someoneWaits(app);
      const ending = end();
      running.push(ending);
      await Promise.race([ending, someoneWaits(app, 2)]);
    });
    const [disabled, ended] = await Promise.all(running);
    expect(ended?.status).toBeLessThan(300);
    expect((await me(app, disabled?.headers.get("set-auth-token") ?? "")).status).toBe(401);
  },
);
