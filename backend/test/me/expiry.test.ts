import { describe, expect, test, vi } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { testDatabase } from "../harness/database.ts";
import { me, newAccount, tokenOf } from "../sign-in/account.ts";

const database = await testDatabase();
const app = await startTestApp({ database });
const second = await startTestApp({ database, worker: false });
const { sql } = app.deps.database;
const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];

/** Rewrites when the only session of a person was made, slid and is to end; milliseconds from now. */
async function age(
  userId: string,
  { created, slid, expires }: Record<"created" | "slid" | "expires", number>,
) {
  const at = (ms: number) => new Date(Date.now() + ms);
  await sql`update session set created_at = ${at(created)}, updated_at = ${at(slid)}, expires_at = ${at(expires)}
    where user_id = ${userId}`;
}
async function left(userId: string): Promise<number> {
  const [row] = await sql`select expires_at from session where user_id = ${userId}`;
  return new Date(row?.expires_at).getTime() - Date.now();
}

describe("an auth session", () => {
  test("lasts seven days from its last use", async () => {
    const { userId, token } = await newAccount(app);
    expect(Math.abs((await left(userId)) - 7 * day)).toBeLessThan(minute);
    await age(userId, { created: -7 * day, slid: -7 * day, expires: -1000 });
    expect((await me(app, token)).status).toBe(401);
    expect((await call(app, "GET", "/api/auth/get-session", { token })).text).not.toContain(userId);
  });

  test("slides when it was slid more than an hour ago, by any request", async () => {
    for (const path of ["/api/v1/me", "/api/me", "/api/auth/get-session"]) {
      const { userId, token } = await newAccount(app);
      await age(userId, { created: -2 * day, slid: -61 * minute, expires: 5 * day });
      expect((await call(app, "GET", path, { token })).status).toBe(200);
      await vi.waitFor(async () =>
        expect(Math.abs((await left(userId)) - 7 * day), path).toBeLessThan(minute),
      );
    }
  });

  test("slides at most once an hour", async () => {
    const { userId, token } = await newAccount(app);
    await age(userId, { created: -2 * day, slid: -59 * minute, expires: 5 * day });
    for (const one of [app, second]) expect((await me(one, token)).status).toBe(200);
    expect(Math.abs((await left(userId)) - 5 * day)).toBeLessThan(minute);
  });

  test("never slides beyond thirty days from its creation", async () => {
    const { userId, token } = await newAccount(app);
    await age(userId, { created: -29 * day, slid: -2 * hour, expires: 5 * hour });
    expect((await me(app, token)).status).toBe(200);
    await vi.waitFor(async () => expect(await left(userId)).toBeGreaterThan(6 * hour));
    expect(await left(userId)).toBeLessThanOrEqual(day);
  });

  test("is over after thirty days, whatever its row says", async () => {
    const { userId, token } = await newAccount(app);
    await age(userId, { created: -30 * day - minute, slid: -2 * hour, expires: 5 * day });
    expect((await me(app, token)).status).toBe(401);
    expect((await me(second, token)).status).toBe(401);
  });

  test("is over after SESSION_MAX_DAYS where that is less, and never promises more", async () => {
    const short = await startTestApp({ database, worker: false, env: { SESSION_MAX_DAYS: "3" } });
    const { userId, token } = await newAccount(short);
    const promised = [
      (await call(short, "POST", "/api/v1/me/keep-alive", { token })).json.expiresAt,
      (await call(short, "GET", "/api/v1/me/auth-sessions", { token })).json.data[0].expiresAt,
      (await call(short, "GET", "/api/auth/get-session", { token })).json.session.expiresAt,
    ];
    for (const at of promised) expect(Date.parse(at) - Date.now()).toBeLessThanOrEqual(3 * day);
    await age(userId, { created: -3 * day - minute, slid: -2 * hour, expires: day });
    expect((await me(short, token)).status).toBe(401);
    expect((await me(app, token)).status, "the longer setting still takes it").toBe(200);
  });
});

describe("on the next request of every instance holds", () => {
  test("a sign-out", async () => {
    const { token } = await newAccount(app);
    expect((await me(second, token)).status).toBe(200);
    await call(app, "POST", "/api/auth/sign-out", { token, body: {} });
    for (const one of [app, second]) expect((await me(one, token)).status).toBe(401);
  });

  test("a deleted session row", async () => {
    const { userId, token } = await newAccount(app);
    expect((await me(second, token)).status).toBe(200);
    await sql`delete from session where user_id = ${userId}`;
    for (const one of [app, second]) expect((await me(one, token)).status).toBe(401);
  });

  test("a ban, which also keeps from signing in", async () => {
    const { userId, email, token } = await newAccount(app);
    expect((await me(second, token)).status).toBe(200);
    await sql`update "user" set banned_at = now() where id = ${userId}`;
    for (const one of [app, second]) {
      expect([401, 403]).toContain((await me(one, token)).status);
      const session = await call(one, "GET", "/api/auth/get-session", { token });
      expect(session.text).not.toContain(email);
    }
    await expect(tokenOf(app, email)).rejects.toThrow(/40[13]/);
  });

  test("a role that was given or taken", async () => {
    const { userId, token } = await newAccount(app);
    const statuses = async () =>
      Promise.all(
        [app, second].map(async (one) => (await call(one, "GET", "/api/v1/organizations", { token })).status),
      );
    expect(await statuses()).toEqual([403, 403]);
    await sql`update "user" set global_role = 'platform_admin' where id = ${userId}`;
    expect(await statuses()).toEqual([200, 200]);
    await sql`update "user" set global_role = null where id = ${userId}`;
    expect(await statuses()).toEqual([403, 403]);
  });
});

test("keep-alive slides the session and says until when", async () => {
  const { userId, token } = await newAccount(app);
  await age(userId, { created: -2 * day, slid: -61 * minute, expires: 5 * day });
  const { status, json } = await call(app, "POST", "/api/v1/me/keep-alive", { token });
  expect(status).toBe(200);
  expect(Object.keys(json).sort()).toEqual(["expiresAt", "minAppVersion", "serverTime"]);
  expect(Math.abs(Date.parse(json.serverTime) - Date.now())).toBeLessThan(5000);
  expect(Math.abs(Date.parse(json.expiresAt) - Date.now() - 7 * day)).toBeLessThan(minute);
  await vi.waitFor(async () => expect(Math.abs((await left(userId)) - 7 * day)).toBeLessThan(minute));
  expect((await call(app, "POST", "/api/v1/me/keep-alive", { token, body: {} })).status).toBe(200);
  expect((await call(app, "POST", "/api/v1/me/keep-alive")).status).toBe(401);
});
