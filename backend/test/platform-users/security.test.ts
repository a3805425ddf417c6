import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { createPerson, createPlatformAdmin, makeStale } from "../harness/client.ts";
import { mailsTo } from "../invitations/inbox.ts";
import { me, signIn } from "../sign-in/account.ts";
import { challenge, newEnrolled } from "../sign-in/authenticator.ts";
import { act, eventsOn } from "./users.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const admin = await createPlatformAdmin(app);
const actions = ["revoke-sessions", "reset-2fa"] as const;

const mails = async (email: string) =>
  (await mailsTo(app, email)).filter(({ subject }) => subject.includes("turned off"));

test("revoking sessions signs a user out everywhere and leaves the second factor alone", async () => {
  const person = await newEnrolled(app);
  const answer = await act(app, admin, person, "revoke-sessions");
  expect(answer).toMatchObject({ status: 200, json: { id: person.userId, twoFactorEnabled: true } });
  expect((await me(app, person.token)).status).toBe(401);
  expect(await challenge(app, person.email)).toEqual(expect.any(String));
  expect([...(await eventsOn(app, person))]).toMatchObject([{ action: "user.sessions_revoked" }]);
});

test("resetting the second factor takes all that was won with it, and tells the person", async () => {
  const person = await newEnrolled(app);
  await challenge(app, person.email);
  const answer = await act(app, admin, person, "reset-2fa");
  expect(answer).toMatchObject({ status: 200, json: { twoFactorEnabled: false } });
  expect((await me(app, person.token)).status).toBe(401);
  expect(await sql`select 1 from two_factor where user_id = ${person.userId}`).toHaveLength(0);
  expect(await sql`select 1 from verification where value = ${person.userId}`).toHaveLength(0);
  expect((await signIn(app, person.email)).json.token).toEqual(expect.any(String));
  expect(await mails(person.email)).toHaveLength(1);
  expect([...(await eventsOn(app, person))]).toMatchObject([
    { action: "user.two_factor_reset", actorId: admin.userId },
  ]);
});

test("who has no second factor is told nothing", async () => {
  const person = await createPerson(app);
  expect((await act(app, admin, person, "reset-2fa")).json).toMatchObject({ version: 1 });
  expect(await mails(person.email)).toHaveLength(0);
});

test("of other platform admins too, but never of oneself, and with a fresh credential", async () => {
  const other = await createPlatformAdmin(app);
  const stale = await createPlatformAdmin(app);
  await makeStale(app, stale);
  for (const action of actions) {
    expect((await act(app, other, other, action)).json).toMatchObject({
      code: "forbidden",
      detail: "Not on your own account",
    });
    expect((await act(app, stale, other, action)).json.code).toBe("step_up_required");
  }
  expect((await me(app, other.token)).status).toBe(200);
  expect((await act(app, admin, other, "revoke-sessions")).status).toBe(200);
  expect((await me(app, other.token)).status).toBe(401);
});
