import { describe, expect, test, vi } from "vitest";
import { AppError } from "../../src/errors.ts";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { someoneWaits } from "../harness/locks.ts";
import { me, newAccount, signIn } from "./account.ts";
import { answer, challenge, enrol, enrolling, freeCodes, newEnrolled } from "./authenticator.ts";
import { leadsTo, mailTo, tokenIn } from "./mailbox.ts";

const app = await startTestApp();
const { sql } = app.deps.database;
const other = "another horse battery";

const post = (path: string, token: string | undefined, body: Record<string, unknown>) =>
  call(app, "POST", `/api/auth${path}`, { token, body });

async function resetToken(email: string): Promise<string> {
  await post("/request-password-reset", undefined, { email });
  return tokenIn(await mailTo(app, email, leadsTo("/reset-password")), "/reset-password");
}

type Rows = "two_factor" | "session";

/** Cuts the connection of a request off, as a kill would, when it comes to change these rows of the person. */
async function cutOff(table: Rows, userId: string, begin: () => ReturnType<typeof call>): Promise<void> {
  let pending: ReturnType<typeof call> | undefined;
  await sql.begin(async (tx) => {
    await tx`select 1 from ${tx(table)} where user_id = ${userId} for update`;
    pending = begin();
    await someoneWaits(app);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where wait_event_type = 'Lock' and datname = current_database()`;
    expect((await pending).status).toBe(503);
  });
}

describe("a request that is cut off between two of its statements", () => {
  test("leaves an enrolment where it was", async () => {
    const account = await newAccount(app);
    const code = await (await enrolling(app, account.token)).code();
    await cutOff("two_factor", account.userId, () =>
      post("/two-factor/verify-totp", account.token, { code }),
    );
    expect((await signIn(app, account.email)).json.token).toEqual(expect.any(String));
    const enrolled = await enrol(app, account);
    expect((await me(app, enrolled.token)).json.twoFactorEnabled).toBe(true);
  });

  test("leaves a second factor on that was to be turned off", async () => {
    const person = await newEnrolled(app);
    const code = await person.device.code();
    await cutOff("two_factor", person.userId, () =>
      post("/two-factor/disable", person.token, { password, code }),
    );
    await freeCodes(app, person.userId);
    const finished = await answer(app, await challenge(app, person.email), await person.device.code());
    expect(finished.status).toBe(200);
  });

  test("leaves the password as it was, and the sessions", async () => {
    const { email, userId, token } = await newAccount(app);
    const body = { currentPassword: password, newPassword: other };
    await cutOff("session", userId, () => post("/change-password", token, body));
    expect((await me(app, token)).status).toBe(200);
    expect((await signIn(app, email)).status).toBe(200);
  });

  test("leaves the link of a password reset usable", async () => {
    const { email, userId, token } = await newAccount(app);
    const body = { token: await resetToken(email), newPassword: other };
    await cutOff("session", userId, () => post("/reset-password", undefined, body));
    expect((await signIn(app, email)).status).toBe(200);
    expect((await post("/reset-password", undefined, body)).status).toBe(200);
    expect((await me(app, token)).status).toBe(401);
    expect((await signIn(app, email, other)).status).toBe(200);
  });
});

test("a reset that finds too many passwords waiting leaves its link usable", async () => {
  const { email } = await newAccount(app);
  const body = { token: await resetToken(email), newPassword: other };
  vi.spyOn(app.deps.passwords, "hash").mockRejectedValueOnce(new AppError("unavailable", "Too many"));
  expect((await post("/reset-password", undefined, body)).status).toBe(503);
  expect((await post("/reset-password", undefined, body)).status).toBe(200);
  expect((await signIn(app, email, other)).status).toBe(200);
});

test("a new device of which no mail could be sent is news the next time", async () => {
  const { email, userId } = await newAccount(app);
  const fromElsewhere = () => signIn(app, email, password, { "user-agent": "elsewhere" });
  vi.spyOn(app.deps.queue, "enqueue").mockRejectedValueOnce(new AppError("unavailable", "No queue"));
  expect((await fromElsewhere()).status).toBe(503);
  expect((await fromElsewhere()).status).toBe(200);
  await mailTo(app, email, ({ text }) => text.includes("elsewhere"));
  const events = await sql`
    select 1 from audit_event where action = 'user.new_device' and actor_id = ${userId}`;
  expect(events).toHaveLength(1);
});

test("a password reset leaves an event", async () => {
  const { email, userId } = await newAccount(app);
  const body = { token: await resetToken(email), newPassword: other };
  expect((await post("/reset-password", undefined, body)).status).toBe(200);
  const events = await sql`
    select target_id, result from audit_event where action = 'user.password_reset' and actor_id = ${userId}`;
  expect(events).toEqual([{ target_id: userId, result: "allowed" }]);
});
