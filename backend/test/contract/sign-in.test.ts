import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { freshEmail, me, newAccount, signIn, signUp } from "../sign-in/account.ts";
import { answer, authenticator, challenge, freeCodes, newEnrolled } from "../sign-in/authenticator.ts";
import { expectProblem } from "./shapes.ts";

const app = await startTestApp({ worker: false });
const account = await newAccount(app);
const auth = (path: string, body: unknown, token?: string) =>
  call(app, "POST", `/api/auth/${path}`, { body, token });

test("sign-up and sign-in answer a user and one token, in the body and in set-auth-token", async () => {
  const email = freshEmail();
  for (const answered of [await signUp(app, { email }), await signIn(app, email)]) {
    expect(answered.status, answered.text).toBe(200);
    expect(answered.json).toMatchObject({ token: expect.any(String), user: { email } });
    expect(answered.headers.get("set-auth-token")).toBe(answered.json.token);
    expect(answered.headers.get("set-cookie")).toBeNull();
    expect((await me(app, answered.json.token)).json.id).toBe(answered.json.user.id);
  }
});

const { email } = account;
const wrong = { email, password: "wrong horse battery" };
const elsewhere = "https://elsewhere.example/x";

test.each<[string, string, object, number, string]>([
  ["a wrong password", "sign-in/email", wrong, 401, "INVALID_EMAIL_OR_PASSWORD"],
  ["nobody's address", "sign-in/email", { ...wrong, email: freshEmail() }, 401, "INVALID_EMAIL_OR_PASSWORD"],
  ["rememberMe: false", "sign-in/email", { email, password, rememberMe: false }, 400, "validation_failed"],
  [
    "a foreign callbackURL",
    "sign-in/email",
    { email, password, callbackURL: elsewhere },
    400,
    "validation_failed",
  ],
  [
    "a foreign redirectTo",
    "request-password-reset",
    { email, redirectTo: elsewhere },
    400,
    "validation_failed",
  ],
  ["an unknown field", "sign-in/email", { email, password, role: "x" }, 400, "validation_failed"],
  ["a missing field", "sign-in/email", { email }, 400, "validation_failed"],
  [
    "a short password",
    "sign-up/email",
    { name: "A", email: freshEmail(), password: "short" },
    400,
    "validation_failed",
  ],
  [
    "a made-up invitation",
    "sign-up/email",
    { name: "A", email: freshEmail(), password, invitationToken: "x" },
    404,
    "not_found",
  ],
  ["a made-up reset token", "reset-password", { token: "x", newPassword: password }, 400, "INVALID_TOKEN"],
])("%s at %s is a problem like any other", async (_, path, body, status, code) => {
  expectProblem(await auth(path, body), status, code);
});

test("a reset is asked for with the same words, whether there is an account or not", async () => {
  const [known, unknown] = await Promise.all(
    [email, freshEmail()].map((one) => auth("request-password-reset", { email: one })),
  );
  expect([known?.status, known?.json]).toEqual([200, unknown?.json]);
});

test.each<[string, string]>([
  ["GET", "ok"],
  ["GET", "list-sessions"],
  ["POST", "update-user"],
  ["POST", "delete-user"],
  ["POST", "revoke-session"],
  ["POST", "revoke-sessions"],
  ["POST", "sign-in/social"],
  ["POST", "two-factor/send-otp"],
  ["POST", "two-factor/get-totp-uri"],
  ["GET", "organization/list"],
  ["GET", "admin/list-users"],
])("%s /api/auth/%s is not on the list, so it is not reachable", async (method, path) => {
  const body = method === "POST" ? {} : undefined;
  expectProblem(
    await call(app, method, `/api/auth/${path}`, { token: account.token, body }),
    404,
    "not_found",
  );
});

test("signing out ends the token, and again is 401", async () => {
  const { json } = await signIn(app, email);
  expect((await auth("sign-out", undefined, json.token)).status).toBe(200);
  expectProblem(await auth("sign-out", undefined, json.token), 401, "unauthenticated");
  expectProblem(await me(app, json.token), 401, "unauthenticated");
});

test("get-session carries the signed token only", async () => {
  const { json } = await call(app, "GET", "/api/auth/get-session", { token: account.token });
  expect(json.session.token).toBe(account.token);
  expect(json.user).toMatchObject({ id: account.userId, email });
});

test("a person is told field by field, whatever Better-auth knows of them", async () => {
  const { json } = await signIn(app, email);
  expect(Object.keys(json).sort()).toEqual(["token", "user"]);
  const { json: current } = await call(app, "GET", "/api/auth/get-session", { token: json.token });
  const user = ["createdAt", "email", "emailVerified", "id", "name", "twoFactorEnabled"];
  for (const one of [json.user, current.user]) expect(Object.keys(one).sort()).toEqual(user);
});

test("enrolment answers with the state it leads to, and a URI that every app reads alike", async () => {
  const { token } = (await auth("sign-up/email", { name: "A", email: freshEmail(), password })).json;
  const { totpURI } = (await auth("two-factor/enable", { password }, token)).json;
  expect(totpURI).toMatch(/^otpauth:\/\/totp\/Coaching%20App:.*&issuer=Coaching%20App(&|$)/);
  const code = await authenticator(totpURI).code();
  const { json } = await auth("two-factor/verify-totp", { code }, token);
  expect(json.user.twoFactorEnabled).toBe(true);
});

test("a password change answers with the only token that is left", async () => {
  const { json } = await auth("sign-up/email", { name: "A", email: freshEmail(), password });
  const changed = await auth(
    "change-password",
    { currentPassword: password, newPassword: `${password}!` },
    json.token,
  );
  expect(changed.headers.get("set-auth-token")).toBe(changed.json.token);
  expect((await me(app, json.token)).status).toBe(401);
  expect((await me(app, changed.json.token)).status).toBe(200);
});

test("with a second factor, the first answers a challenge and no token of any kind", async () => {
  const person = await newEnrolled(app);
  const first = await signIn(app, person.email);
  expect(Object.keys(first.json).sort()).toEqual(["challengeToken", "twoFactorMethods", "twoFactorRedirect"]);
  expect([first.json.twoFactorRedirect, first.json.twoFactorMethods]).toEqual([true, ["totp"]]);
  expect(first.headers.get("set-auth-token")).toBeNull();
  expectProblem(await me(app, first.json.challengeToken), 401, "unauthenticated");

  const code = await person.device.wrongCode();
  expectProblem(await answer(app, first.json.challengeToken, code), 401, "INVALID_CODE");
  const second = await answer(app, first.json.challengeToken, await person.device.code(), {
    trustDevice: true,
  });
  expect(second.headers.get("set-auth-token")).toBe(second.json.token);

  const trusted = { "x-trust-device": second.json.trustDeviceToken };
  const again = await signIn(app, person.email, password, trusted);
  expect(again.json).toMatchObject({ token: expect.any(String), trustDeviceToken: expect.any(String) });
  expect((await signIn(app, person.email, password, trusted)).json.twoFactorRedirect).toBe(true);
});

test("a backup code answers a challenge once", async () => {
  const person = await newEnrolled(app);
  const code = person.backupCodes[0] ?? "";
  const factor = { factor: "backup-code" } as const;
  expect((await answer(app, await challenge(app, person.email), code, factor)).status).toBe(200);
  expect((await answer(app, await challenge(app, person.email), code, factor)).status).toBe(401);
});

test("turning the second factor off needs a code beside the password", async () => {
  const person = await newEnrolled(app);
  expectProblem(await auth("two-factor/disable", { password }, person.token), 400, "validation_failed");
  await freeCodes(app, person.userId);
  const body = { password, code: await person.device.code() };
  const off = await auth("two-factor/disable", body, person.token);
  expect(off.status, off.text).toBe(200);
  expect(off.headers.get("set-auth-token")).toEqual(expect.any(String));
});
