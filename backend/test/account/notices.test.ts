import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant, password } from "../harness/client.ts";
import { memberIdOf, pathOf } from "../members/members.ts";
import { type Account, freshEmail, newAccount } from "../sign-in/account.ts";
import { answer, challenge, type Enrolled, enrol, newEnrolled } from "../sign-in/authenticator.ts";
import { leadsTo, mailsTo, mailTo, type Received, tokenIn } from "../sign-in/mailbox.ts";

const app = await startTestApp();
const newPassword = "another horse battery";
const post = (path: string, token: string | undefined, body: Record<string, unknown>) =>
  call(app, "POST", path, { token, body });

type Change = (person: Enrolled) => Promise<{ status: number }>;

/** Follows the link of the mail that confirms or proves an address. */
async function follow(mail: Received): Promise<{ status: number }> {
  const token = encodeURIComponent(tokenIn(mail, "/verify-email"));
  return call(app, "GET", `/api/auth/verify-email?token=${token}`);
}

const changePassword = ({ token }: Account) =>
  post("/api/auth/change-password", token, { currentPassword: password, newPassword });

async function resetPassword({ email }: Account) {
  await post("/api/auth/request-password-reset", undefined, { email });
  const token = tokenIn(await mailTo(app, email, leadsTo("/reset-password")), "/reset-password");
  return post("/api/auth/reset-password", undefined, { token, newPassword });
}

async function changeEmail({ email, token }: Account) {
  const newEmail = freshEmail();
  await post("/api/auth/change-email", token, { newEmail });
  await follow(await mailTo(app, email, ({ text }) => text.includes(newEmail)));
  return follow(await mailTo(app, newEmail, leadsTo("/verify-email")));
}

const disable: Change = async ({ token, device }) =>
  post("/api/auth/two-factor/disable", token, { password, code: await device.code() });

const replaceBackupCodes: Change = async ({ token, device }) =>
  post("/api/auth/two-factor/generate-backup-codes", token, { password, code: await device.code() });

const trust =
  (factor: "totp" | "backup-code"): Change =>
  async ({ email, device, backupCodes }) => {
    const code = factor === "totp" ? await device.code() : (backupCodes[0] ?? "");
    return answer(app, await challenge(app, email), code, { factor, trustDevice: true });
  };

test.each([
  ["the password is changed", changePassword, /password was changed/i],
  ["the password is reset", resetPassword, /password was changed/i],
  ["the address is changed, at the earlier one", changeEmail, /e-mail address was changed/i],
  ["the second factor is turned off", disable, /two-factor.*off/i],
  ["the backup codes are replaced", replaceBackupCodes, /backup codes were replaced/i],
  ["a device is trusted by a code", trust("totp"), /device.*trusted/i],
  ["a device is trusted by a backup code", trust("backup-code"), /device.*trusted/i],
] as const)("the owner is told by mail when %s, and nobody before", async (_, change, subject) => {
  const person = await newEnrolled(app);
  const told = async () => (await mailsTo(app, person.email)).filter((mail) => subject.test(mail.subject));
  expect(await told()).toEqual([]);
  expect((await change(person)).status).toBe(200);
  const mail = await mailTo(app, person.email, (one) => subject.test(one.subject));
  for (const secret of [password, newPassword, ...person.backupCodes])
    expect(mail.text).not.toContain(secret);
  expect(await told()).toHaveLength(1);
});

test("the owner is told by mail when the second factor is turned on", async () => {
  const person = await newAccount(app);
  await enrol(app, person);
  await mailTo(app, person.email, ({ subject }) => /two-factor.*on/i.test(subject));
});

test("the owner is told by mail when an admin takes the second factor away", async () => {
  const { organizationId, people } = await createTenant(app);
  await enrol(app, people.coach);
  const path = pathOf(organizationId, `/${await memberIdOf(app, organizationId, people.coach)}/reset-2fa`);
  expect((await call(app, "POST", path, { token: people.org_admin.token })).status).toBe(200);
  await mailTo(app, people.coach.email, ({ subject }) => /two-factor.*off/i.test(subject));
});

test("the mail about a reset is sent however many mails were asked for within the hour", async () => {
  const person = await newAccount(app);
  for (let i = 0; i < 11; i++)
    await post("/api/auth/request-password-reset", undefined, { email: person.email });
  expect((await resetPassword(person)).status).toBe(200);
  await mailTo(app, person.email, ({ subject }) => /password was changed/i.test(subject));
});

test("a sign-in by a device that is trusted already is no news", async () => {
  const person = await newEnrolled(app);
  const given = await answer(app, await challenge(app, person.email), await person.device.code(), {
    trustDevice: true,
  });
  const again = await call(app, "POST", "/api/auth/sign-in/email", {
    body: { email: person.email, password },
    headers: { "x-trust-device": given.json.trustDeviceToken },
  });
  expect(again.json.trustDeviceToken).toEqual(expect.any(String));
  await changePassword({ ...person, token: again.json.token });
  await mailTo(app, person.email, ({ subject }) => /password was changed/i.test(subject));
  const told = (await mailsTo(app, person.email)).filter(({ subject }) => /trusted/i.test(subject));
  expect(told).toHaveLength(1);
});
