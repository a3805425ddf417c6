import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import {
  call,
  createPerson,
  createPlatformAdmin,
  createTenant,
  makeStale,
  password,
} from "../harness/client.ts";
import { someoneWaits } from "../harness/locks.ts";
import { answer as answerInvitation, invited } from "../invitations/inbox.ts";
import { me, newAccount, signIn } from "../sign-in/account.ts";
import { act, eventsOn } from "./users.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const admin = await createPlatformAdmin(app);

const sessionsOf = async ({ userId }: { userId: string }) =>
  (await sql`select 1 from session where user_id = ${userId}`).length;

const withoutRequest = ({ status, json }: Awaited<ReturnType<typeof call>>) => {
  const { requestId: _, ...rest } = json;
  return { status, ...rest };
};

test("a ban ends every session at once, and a sign-in reads like one with a wrong password", async () => {
  const person = await createPerson(app);
  const wrong = await signIn(app, person.email, "not the password");
  const banned = await act(app, admin, person, "ban");
  expect(banned).toMatchObject({
    status: 200,
    json: { id: person.userId, bannedAt: expect.stringMatching(/^\d{4}-/), version: 2 },
  });
  expect((await me(app, person.token)).status).toBe(401);
  expect(withoutRequest(await signIn(app, person.email))).toEqual(withoutRequest(wrong));
  expect(await sessionsOf(person)).toBe(0);
  const stepUp = { token: person.token, body: { password } };
  expect((await call(app, "POST", "/api/v1/me/step-up", stepUp)).status).toBe(401);
  expect((await call(app, "GET", "/api/auth/get-session", { token: person.token })).status).toBe(401);
  expect((await act(app, admin, person, "unban")).json).toMatchObject({ bannedAt: null, version: 3 });
  expect((await me(app, person.token)).status).toBe(401);
  expect((await signIn(app, person.email)).status).toBe(200);
  const actions = (await eventsOn(app, person)).map(({ action, changes }) => [action, changes]);
  expect(actions).toEqual([
    ["user.banned", { sessionsEnded: 2 }],
    ["user.unbanned", { sessionsEnded: 0 }],
  ]);
});

test("a right password opens nothing where the address was not verified either, and says no more", async () => {
  const strict = await startTestApp({
    worker: false,
    database: app.database,
    env: { REQUIRE_EMAIL_VERIFICATION: "on" },
  });
  const person = await newAccount(app);
  await sql`update "user" set email_verified = false where id = ${person.userId}`;
  const wrong = await signIn(strict, person.email, "not the password");
  expect((await signIn(strict, person.email)).json.code).toBe("EMAIL_NOT_VERIFIED");
  await act(app, admin, person, "ban");
  expect(withoutRequest(await signIn(strict, person.email))).toEqual(withoutRequest(wrong));
});

test("sign-ins that race the ban end with no session that lives, not even after it is lifted", async () => {
  const person = await newAccount(app);
  let running: ReturnType<typeof call>[] = [];
  await sql.begin(async (tx) => {
    await tx`select 1 from "user" where id = ${person.userId} for update`;
    running = Array.from({ length: 4 }, () => signIn(app, person.email));
    // Of one account two at once; the others follow them.
    await someoneWaits(app, 2);
    running.push(act(app, admin, person, "ban"));
    await someoneWaits(app, 3);
  });
  const answers = await Promise.all(running);
  expect(answers.pop()?.status).toBe(200);
  for (const { status } of answers) expect([200, 401]).toContain(status);
  const tokens = answers.flatMap(({ json }) => (json.token ? [json.token as string] : []));
  for (const token of tokens) expect((await me(app, token)).status).toBe(401);
  expect((await act(app, admin, person, "unban")).status).toBe(200);
  for (const token of tokens) expect((await me(app, token)).status).toBe(401);
  expect(await sessionsOf(person)).toBe(0);
});

test("what was kept for a repeated request is not told to somebody banned", async () => {
  const person = await createPerson(app);
  const again = () =>
    call(app, "POST", "/api/v1/me/keep-alive", {
      token: person.token,
      headers: { "idempotency-key": "again" },
    });
  expect((await again()).status).toBe(200);
  await act(app, admin, person, "ban");
  expect((await again()).status).toBe(401);
});

test("nobody banned accepts an invitation, not even by a request that came in before", async () => {
  const { organizationId, people } = await createTenant(app);
  const person = await createPerson(app);
  const { token } = await invited(app, organizationId, people.org_admin, person.email);
  const accepting = await sql.begin(async (tx) => {
    await tx`update "user" set banned_at = now() where id = ${person.userId}`;
    const pending = answerInvitation(app, token, "accept", person);
    await someoneWaits(app, 1);
    return { pending };
  });
  expect((await accepting.pending).status).toBe(401);
  expect((await answerInvitation(app, token, "accept", person)).status).toBe(401);
  expect(await sql`select 1 from member where user_id = ${person.userId}`).toHaveLength(0);
});

test("of twenty bans at once one succeeds, as of twenty that lift it", async () => {
  const person = await createPerson(app);
  for (const action of ["ban", "unban"] as const) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => act(app, admin, person, action)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const refused = answers.filter(({ status, json }) => status === 409 && json.code === "invalid_state");
    expect(refused).toHaveLength(19);
  }
});

test("nobody bans themselves, and a platform admin may ban another one", async () => {
  const other = await createPlatformAdmin(app);
  for (const action of ["ban", "unban"] as const)
    expect((await act(app, other, other, action)).json.code).toBe("forbidden");
  expect((await act(app, admin, other, "ban")).status).toBe(200);
  expect((await act(app, other, admin, "ban")).status).toBe(401);
  expect((await act(app, admin, other, "unban")).json.globalRole).toBe("platform_admin");
});

test("either needs a fresh credential", async () => {
  const stale = await createPlatformAdmin(app);
  const person = await createPerson(app);
  await makeStale(app, stale);
  for (const action of ["ban", "unban"] as const)
    expect((await act(app, stale, person, action)).json.code).toBe("step_up_required");
  expect((await me(app, person.token)).status).toBe(200);
});
