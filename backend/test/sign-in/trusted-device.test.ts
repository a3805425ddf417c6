import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPlatformAdmin, password } from "../harness/client.ts";
import { me, signIn } from "./account.ts";
import { answer, challenge, type Enrolled, enrol, freeCodes, newEnrolled } from "./authenticator.ts";
import { leadsTo, mailTo, tokenIn } from "./mailbox.ts";

const app = await startTestApp();
const other = "another horse battery";

async function trusted(): Promise<{ person: Enrolled; trust: string; token: string }> {
  const person = await newEnrolled(app);
  const answered = await answer(app, await challenge(app, person.email), await person.device.code(), {
    trustDevice: true,
  });
  expect(answered.json.trustDeviceToken, answered.text).toEqual(expect.any(String));
  await freeCodes(app, person.userId);
  return { person, trust: answered.json.trustDeviceToken, token: answered.json.token };
}
const signInFrom = (email: string, trust: string, secret = password) =>
  signIn(app, email, secret, { "x-trust-device": trust });

test("a trusted device skips the second factor, and its token rotates", async () => {
  const { person, trust } = await trusted();
  const first = await signInFrom(person.email, trust);
  expect((await me(app, first.json.token)).json.id).toBe(person.userId);
  const next = first.json.trustDeviceToken;
  expect(next).toEqual(expect.any(String));
  expect(next).not.toBe(trust);
  expect((await signInFrom(person.email, trust)).json.twoFactorRedirect, "the old token is used up").toBe(
    true,
  );
  expect((await signInFrom(person.email, next)).headers.get("set-auth-token")).toBeTruthy();
});

test("trust is given only where it is asked for", async () => {
  const { email, device } = await newEnrolled(app);
  const answered = await answer(app, await challenge(app, email), await device.code());
  expect(answered.json.trustDeviceToken).toBeUndefined();
});

test("trust is no password, and of one person only", async () => {
  const [mine, theirs] = [await trusted(), await newEnrolled(app)];
  expect((await signInFrom(mine.person.email, mine.trust, "not the password")).status).toBe(401);
  expect((await signInFrom(theirs.email, mine.trust)).json.twoFactorRedirect).toBe(true);
  for (const edited of ["x", `${mine.trust.slice(0, -4)}AAAA`, `x${mine.trust}`])
    expect((await signInFrom(mine.person.email, edited)).json.twoFactorRedirect).toBe(true);
});

test("trust ends with a password change", async () => {
  const { person, trust, token } = await trusted();
  const body = { currentPassword: password, newPassword: other };
  expect((await call(app, "POST", "/api/auth/change-password", { token, body })).status).toBe(200);
  expect((await signInFrom(person.email, trust, other)).json.twoFactorRedirect).toBe(true);
});

test("trust ends with a password reset", async () => {
  const { person, trust } = await trusted();
  await call(app, "POST", "/api/auth/request-password-reset", { body: { email: person.email } });
  const token = tokenIn(await mailTo(app, person.email, leadsTo("/reset-password")), "/reset-password");
  const done = await call(app, "POST", "/api/auth/reset-password", { body: { token, newPassword: other } });
  expect(done.status).toBe(200);
  expect((await signInFrom(person.email, trust, other)).json.twoFactorRedirect).toBe(true);
});

test("trust ends with the second factor, even when there is a new one later", async () => {
  const { person, trust, token } = await trusted();
  const body = { password, code: await person.device.code() };
  const off = await call(app, "POST", "/api/auth/two-factor/disable", { token, body });
  expect(off.status, off.text).toBe(200);
  const plain = await signIn(app, person.email);
  await enrol(app, { ...person, token: plain.json.token });
  expect((await signInFrom(person.email, trust)).json.twoFactorRedirect).toBe(true);
});

describe("a lost device is trusted no longer", () => {
  const sessions = "/api/v1/me/auth-sessions";
  const signedOut = async (
    end: (kept: string, lost: string, person: Enrolled) => Promise<{ status: number }>,
  ) => {
    const { person, trust, token } = await trusted();
    const kept = (await signInFrom(person.email, trust)).json;
    expect((await end(kept.token, token, person)).status).toBeLessThan(300);
    expect((await me(app, token)).status).toBe(401);
    expect((await signInFrom(person.email, kept.trustDeviceToken)).json.twoFactorRedirect).toBe(true);
  };

  test("after its session was ended", () =>
    signedOut(async (kept, lost) => {
      const { data } = (await call(app, "GET", sessions, { token: lost })).json;
      const { id } = data.find(({ current }: { current: boolean }) => current);
      return call(app, "DELETE", `${sessions}/${id}`, { token: kept });
    }));

  test("after all other sessions were ended", () =>
    signedOut((kept) => call(app, "DELETE", sessions, { token: kept })));

  test("after a platform admin ended all sessions", () =>
    signedOut(async (_kept, _lost, { userId }) => {
      const { token } = await createPlatformAdmin(app);
      return call(app, "POST", `/api/v1/platform/users/${userId}/revoke-sessions`, { token });
    }));
});

test("signing out keeps the trust in this device", async () => {
  const { person, trust, token } = await trusted();
  expect((await call(app, "POST", "/api/auth/sign-out", { token, body: {} })).status).toBe(200);
  expect((await signInFrom(person.email, trust)).headers.get("set-auth-token")).toBeTruthy();
});

test("a sign-in that skipped the second factor gets no new backup codes without a code", async () => {
  const { person, trust } = await trusted();
  const { token } = (await signInFrom(person.email, trust)).json;
  for (const path of ["generate-backup-codes", "disable"]) {
    const refused = await call(app, "POST", `/api/auth/two-factor/${path}`, { token, body: { password } });
    expect([400, 401, 403], path).toContain(refused.status);
  }
});
