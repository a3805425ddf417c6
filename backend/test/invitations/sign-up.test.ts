import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant, password } from "../harness/client.ts";
import { answer, invited, letExpire, mailsTo, newAddress, newestToken, pathOf } from "./inbox.ts";

const open = await startTestApp({ worker: false, env: { REQUIRE_EMAIL_VERIFICATION: "true" } });
const closed = await startTestApp({
  worker: false,
  database: open.database,
  env: { REQUIRE_EMAIL_VERIFICATION: "true", SIGNUP_MODE: "invite_only" },
});
const { organizationId, people } = await createTenant(open);
const admin = people.org_admin;
const apps = { open, invite_only: closed };

const signUp = (app: { url: string }, email: string, more: object = {}) =>
  call(app, "POST", "/api/auth/sign-up/email", {
    body: { name: "New Person", email, password, ...more },
  });
const signIn = (app: { url: string }, email: string) =>
  call(app, "POST", "/api/auth/sign-in/email", { body: { email, password } });

describe.each(["open", "invite_only"] as const)("where sign-up is %s", (mode) => {
  const app = apps[mode];

  test("an invited person signs up, signs in at once, and then accepts", async () => {
    const email = newAddress();
    const { token } = await invited(open, organizationId, admin, email, "coach");
    const signedUp = await signUp(app, email.toUpperCase(), { invitationToken: token });
    expect(signedUp).toMatchObject({
      status: 200,
      json: { token: null, nextStep: "sign_in", user: { email, emailVerified: true } },
    });
    expect((await mailsTo(open, email)).map(({ subject }) => subject)).toEqual([
      expect.stringContaining("Invitation"),
    ]);
    const signedIn = await signIn(app, email);
    expect(signedIn.status).toBe(200);
    const me = await call(app, "GET", "/api/v1/me", { token: signedIn.json.token });
    expect(me.json).toMatchObject({ emailVerified: true, memberships: [] });
    expect((await answer(open, token, "accept", signedIn.json)).json.role).toBe("coach");
  });

  test("an invitation of another address is email_mismatch, and nobody is made", async () => {
    const { token } = await invited(open, organizationId, admin, newAddress());
    const email = newAddress();
    const refused = await signUp(app, email, { invitationToken: token });
    expect(refused).toMatchObject({ status: 403, json: { code: "email_mismatch" } });
    expect(refused.text).not.toContain(token);
    expect(await open.deps.database.sql`select id from "user" where email = ${email}`).toHaveLength(0);
  });

  test("a dead token is not_found: replaced, revoked, expired, accepted or made up", async () => {
    const email = newAddress();
    const replaced = await invited(open, organizationId, admin, email);
    const path = `${pathOf(organizationId)}/${replaced.id}`;
    await call(open, "POST", `${path}/resend`, { token: admin.token });
    const revoked = { token: await newestToken(open, email) };
    await call(open, "DELETE", path, { token: admin.token });
    const expired = await invited(open, organizationId, admin, email, "coach");
    await letExpire(open, expired.id);
    for (const { token } of [replaced, revoked, expired, { token: "made-up" }]) {
      const refused = await signUp(app, email, { invitationToken: token });
      expect(refused).toMatchObject({ status: 404, json: { code: "not_found" } });
    }
    expect(await open.deps.database.sql`select id from "user" where email = ${email}`).toHaveLength(0);
  });

  test("an account that is there keeps its password and its unproven address", async () => {
    const email = newAddress();
    await signUp(open, email, { password: "somebody else was first" });
    const { token } = await invited(open, organizationId, admin, email);
    const answered = await signUp(app, email, { invitationToken: token });
    expect(answered, "as if there had been none").toMatchObject({
      status: 200,
      json: { token: null, nextStep: "sign_in", user: { email, emailVerified: true } },
    });
    expect((await signIn(app, email)).status).toBe(401);
    const [row] = await open.deps.database.sql`select email_verified from "user" where email = ${email}`;
    expect(row).toEqual({ email_verified: false });
  });
});

test("without an invitation an address stays unproven, whatever header the client sends", async () => {
  const email = newAddress();
  const signedUp = await call(open, "POST", "/api/auth/sign-up/email", {
    body: { name: "New Person", email, password },
    headers: { "x-proven-email": email },
  });
  expect(signedUp).toMatchObject({
    status: 200,
    json: { nextStep: "verify_email", user: { emailVerified: false } },
  });
  expect(await signIn(open, email)).toMatchObject({ status: 403, json: { code: "EMAIL_NOT_VERIFIED" } });
  expect(await mailsTo(open, email)).toMatchObject([{ subject: "Confirm your e-mail address" }]);
});

test("where sign-up is invite_only nobody signs up without an invitation", async () => {
  const email = newAddress();
  expect(await signUp(closed, email)).toMatchObject({ status: 403, json: { code: "forbidden" } });
  expect(await open.deps.database.sql`select id from "user" where email = ${email}`).toHaveLength(0);
});
