import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { freshEmail, newAccount, signIn, signUp, tally } from "./account.ts";
import { answer, challenge, enrolling, freeCodes, newEnrolled } from "./authenticator.ts";
import { leadsTo, mailTo, tokenIn } from "./mailbox.ts";

// Whoever holds the one connection and asks for another waits for itself.
const app = await startTestApp({ env: { DATABASE_POOL_MAX: "1", SESSION_MAX_CONCURRENT: "3" } });
const times = 20;

const together = <T>(work: (n: number) => Promise<T>) =>
  Promise.all(Array.from({ length: times }, (_, n) => work(n)));

/** All are answered, and none because the server could not. */
function expectAnswers(answers: readonly { status: number }[]): void {
  expect(
    answers.every(({ status }) => status < 500),
    JSON.stringify(tally(answers)),
  ).toBe(true);
}

test("sign-ups and sign-ins, of many and of one, right and wrong", async () => {
  const emails = Array.from({ length: times }, () => freshEmail());
  expectAnswers(await together((n) => signUp(app, { email: emails[n] })));
  expectAnswers(await together(() => signUp(app, { email: freshEmail("one") })));
  const one = freshEmail();
  expectAnswers(await together(() => signUp(app, { email: one })));
  await app.deps.database.sql`update "user" set email_verified = true`;
  expectAnswers(await together((n) => signIn(app, emails[n] ?? "")));
  expectAnswers(await together(() => signIn(app, one)));
  expectAnswers(await together((n) => signIn(app, emails[n] ?? "", n % 2 ? password : "wrong password")));
}, 60_000);

test("all that a signed-in person does about the account", async () => {
  const person = await newAccount(app);
  const { token } = person;
  const post = (path: string, body: unknown) => call(app, "POST", path, { token, body });
  expectAnswers(await together(() => post("/api/v1/me/step-up", { password })));
  expectAnswers(await together(() => post("/api/auth/change-email", { newEmail: freshEmail() })));
  expectAnswers(await together(() => post("/api/auth/two-factor/enable", { password })));
  const device = await enrolling(app, token);
  const code = await device.code();
  expectAnswers(await together(() => post("/api/auth/two-factor/verify-totp", { code })));
  const other = await newAccount(app);
  const changed = await together((n) =>
    call(app, "POST", "/api/auth/change-password", {
      token: other.token,
      body: { currentPassword: password, newPassword: `another horse ${n} battery` },
    }),
  );
  expectAnswers(changed);
}, 60_000);

test("second factors", async () => {
  const person = await newEnrolled(app);
  const pending = [];
  for (let n = 0; n < times; n++) pending.push(await challenge(app, person.email));
  const code = await person.device.code();
  expectAnswers(await Promise.all(pending.map((one) => answer(app, one, code, { trustDevice: true }))));
  await freeCodes(app, person.userId);
  const more = [];
  for (let n = 0; n < times; n++) more.push(await challenge(app, person.email));
  expectAnswers(
    await Promise.all(
      more.map((one, n) => answer(app, one, person.backupCodes[n % 10] ?? "", { factor: "backup-code" })),
    ),
  );
}, 60_000);

test("links of mails", async () => {
  const person = await newAccount(app);
  expectAnswers(
    await together(() =>
      call(app, "POST", "/api/auth/request-password-reset", { body: { email: person.email } }),
    ),
  );
  const reset = await mailTo(app, person.email, leadsTo("/reset-password"));
  const token = tokenIn(reset, "/reset-password");
  expectAnswers(
    await together((n) =>
      call(app, "POST", "/api/auth/reset-password", {
        body: { token, newPassword: `another horse ${n} battery` },
      }),
    ),
  );
  const fresh = freshEmail();
  expect((await signUp(app, { email: fresh })).status).toBe(200);
  expectAnswers(
    await together(() => call(app, "POST", "/api/auth/send-verification-email", { body: { email: fresh } })),
  );
  const link = tokenIn(await mailTo(app, fresh, leadsTo("/verify-email")), "/verify-email");
  expectAnswers(await together(() => call(app, "GET", `/api/auth/verify-email?token=${link}`)));
}, 60_000);
