import postgres from "postgres";
import { afterEach, describe, expect, test, vi } from "vitest";
import { AppError } from "../../src/errors.ts";
import { afterwards } from "../harness/afterwards.ts";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { someoneWaits } from "../harness/locks.ts";
import { mailJobsTo } from "../harness/waiting-mails.ts";
import { freshEmail, signIn, signUp } from "./account.ts";

// Mails stay in the queue, where they are looked at.
const app = await startTestApp({ worker: false, env: { REQUIRE_EMAIL_VERIFICATION: "on" } });
const { sql } = app.deps.database;
afterEach(() => void vi.restoreAllMocks());

const post = (path: string, body: Record<string, unknown>, token?: string) =>
  call(app, "POST", `/api/auth${path}`, { token, body });
const follow = (link: string) => call(app, "GET", `/api/auth/verify-email?token=${encodeURIComponent(link)}`);

/** Links of the mails to an address that are in the queue, newest last. */
async function linksTo(email: string): Promise<string[]> {
  return (await mailJobsTo(app, email)).flatMap(({ text }) => {
    const token = /\?token=([^\s>)]+)/.exec(text)?.[1];
    return token === undefined ? [] : [decodeURIComponent(token)];
  });
}
const mailsTo = async (email: string) => (await mailJobsTo(app, email)).length;
const events = async (action: string, userId: string) =>
  (await sql`select 1 from audit_event where action = ${action} and actor_id = ${userId}`).length;

/** Somebody who has proved the address. */
async function verified() {
  const email = freshEmail();
  const { json } = await signUp(app, { email });
  expect((await follow((await linksTo(email)).at(-1) ?? "")).status).toBe(200);
  return { email, userId: json.user.id as string, token: (await signIn(app, email)).json.token as string };
}

const noQueue = () => new AppError("unavailable", "No queue", { retryAfter: 5 });
const nextMailFails = () => vi.spyOn(app.deps.queue, "enqueue").mockRejectedValueOnce(noQueue());

describe("a request whose mail cannot be enqueued is 503 and leaves nothing:", () => {
  test("a sign-up", async () => {
    const email = freshEmail();
    nextMailFails();
    expect((await signUp(app, { email })).status).toBe(503);
    expect(await sql`select 1 from "user" where email = ${email}`).toHaveLength(0);
    expect((await signUp(app, { email })).status).toBe(200);
    expect(await mailsTo(email)).toBe(1);
  });

  test("a sign-up with an address that has an account", async () => {
    const { email } = await verified();
    const before = await mailsTo(email);
    nextMailFails();
    expect((await signUp(app, { email })).status).toBe(503);
    expect((await signUp(app, { email })).status).toBe(200);
    expect(await mailsTo(email)).toBe(before + 1);
  });

  test("a password reset that is asked for", async () => {
    const { email, userId } = await verified();
    const links = () => sql`select 1 from verification where value = ${userId}`;
    nextMailFails();
    expect((await post("/request-password-reset", { email })).status).toBe(503);
    expect(await links()).toHaveLength(0);
    expect((await post("/request-password-reset", { email })).status).toBe(200);
    expect(await links()).toHaveLength(1);
  });

  test("another verification mail", async () => {
    const email = freshEmail();
    await signUp(app, { email });
    nextMailFails();
    expect((await post("/send-verification-email", { email })).status).toBe(503);
    expect(await mailsTo(email)).toBe(1);
    expect((await post("/send-verification-email", { email })).status).toBe(200);
    expect(await mailsTo(email)).toBe(2);
  });

  test("a change of the address, and the first of its two links", async () => {
    const { email, userId, token } = await verified();
    const newEmail = freshEmail("new");
    nextMailFails();
    expect((await post("/change-email", { newEmail }, token)).status).toBe(503);
    expect(await events("user.email_change_requested", userId)).toBe(0);
    expect((await post("/change-email", { newEmail }, token)).status).toBe(200);
    const link = (await linksTo(email)).at(-1) ?? "";
    const before = await events("user.email_verified", userId);
    nextMailFails();
    expect((await follow(link)).status).toBe(503);
    expect(await events("user.email_verified", userId)).toBe(before);
    expect((await follow(link)).status).toBe(200);
    expect(await mailsTo(newEmail)).toBe(1);
  });
});

describe("no mail is sent of what was cut off before it was committed:", () => {
  /** Cuts the connection of a request off, as a kill would, when it comes to write its audit event. */
  async function cutOff(begin: () => ReturnType<typeof call>): Promise<void> {
    // Only the owner may.
    const owner = postgres(app.database.ownerUrl, { max: 1, onnotice: () => {} });
    afterwards(() => owner.end());
    await owner.begin(async (tx) => {
      await tx`lock table audit_event in share mode`;
      const pending = begin();
      await someoneWaits(app);
      await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database()`;
      expect((await pending).status).toBe(503);
    });
  }

  test("a sign-up", async () => {
    const email = freshEmail();
    await cutOff(() => signUp(app, { email }));
    expect(await mailsTo(email)).toBe(0);
    expect(await sql`select 1 from "user" where email = ${email}`).toHaveLength(0);
  });

  test("a change of the address, and the first of its two links", async () => {
    const { email, token } = await verified();
    const newEmail = freshEmail("new");
    const before = await mailsTo(email);
    await cutOff(() => post("/change-email", { newEmail }, token));
    expect(await mailsTo(email)).toBe(before);
    expect((await post("/change-email", { newEmail }, token)).status).toBe(200);
    const link = (await linksTo(email)).at(-1) ?? "";
    await cutOff(() => follow(link));
    expect(await mailsTo(newEmail)).toBe(0);
  });

  test("a password reset that is asked for", async () => {
    const { email, userId } = await verified();
    await post("/request-password-reset", { email });
    // Of one transaction: there is no moment in between.
    const mail = (await mailJobsTo(app, email)).at(-1);
    const [row] = await sql`
      select v.xmin::text = j.xmin::text as together from verification v, pgboss.job j
      where v.value = ${userId} and j.id = ${mail?.id ?? ""}`;
    expect(row).toEqual({ together: true });
  });
});

test("while there is no queue nobody learns who has an account", async () => {
  const { email } = await verified();
  const waiting = freshEmail();
  await signUp(app, { email: waiting });
  vi.spyOn(app.deps.queue, "check").mockRejectedValue(noQueue());
  vi.spyOn(app.deps.queue, "enqueue").mockRejectedValue(noQueue());
  for (const ask of [
    (to: string) => signUp(app, { email: to }),
    (to: string) => post("/request-password-reset", { email: to }),
    (to: string) => post("/send-verification-email", { email: to }),
  ])
    for (const to of [email, waiting, freshEmail()]) expect((await ask(to)).status).toBe(503);
  vi.restoreAllMocks();
  expect((await signIn(app, email, password)).status).toBe(200);
});
