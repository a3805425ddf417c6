import { beforeEach, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPlatformAdmin, type Person } from "../harness/client.ts";
import { inOneMoment } from "../harness/locks.ts";
import { act, eventsOn, setRole } from "./users.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;

let first: Person;
let second: Person;

/** The only two who run the platform. */
beforeEach(async () => {
  await sql`update "user" set global_role = null where global_role is not null`;
  [first, second] = await Promise.all([createPlatformAdmin(app), createPlatformAdmin(app)]);
});

const admins = async (): Promise<string[]> =>
  (await sql`select id from "user" where global_role = 'platform_admin' and banned_at is null`).map(
    ({ id }) => id,
  );

const atOnce = <T>(start: () => Promise<T>[]) =>
  inOneMoment(
    app,
    (tx) => tx`select 1 from "user" where id in ${tx([first.userId, second.userId])} for update`,
    start,
  );

test("the last platform admin is not demoted, not even by themselves", async () => {
  expect((await setRole(app, first, second, null)).status).toBe(200);
  const refused = await setRole(app, first, first, null);
  expect(refused).toMatchObject({ status: 409, json: { code: "last_admin" } });
  expect(await admins()).toEqual([first.userId]);
});

test("an id in capitals names nobody, so that no rule about oneself is walked around", async () => {
  const shouted = { userId: first.userId.toUpperCase() };
  for (const action of ["ban", "unban", "revoke-sessions", "reset-2fa"] as const)
    expect((await act(app, first, shouted, action)).status, action).toBe(404);
  expect((await setRole(app, second, second, null)).status).toBe(200);
  expect((await setRole(app, first, shouted, null)).status).toBe(404);
  expect(await admins()).toEqual([first.userId]);
});

test("who is banned does not count as another one, and may be demoted", async () => {
  expect((await act(app, first, second, "ban")).status).toBe(200);
  expect((await setRole(app, first, first, null)).status).toBe(409);
  expect((await setRole(app, first, second, null)).status).toBe(200);
  expect(await admins()).toEqual([first.userId]);
});

test("of two, one may step down and the other is the last then", async () => {
  expect((await setRole(app, first, first, null)).status).toBe(200);
  expect((await setRole(app, second, second, null)).status).toBe(409);
  expect((await call(app, "GET", "/api/v1/platform/users", { token: first.token })).status).toBe(403);
});

test("fifty parallel attempts of two platform admins to demote each other leave exactly one", async () => {
  const answers = await atOnce(() =>
    Array.from({ length: 50 }, (_, i) =>
      i % 2 ? setRole(app, first, second, null) : setRole(app, second, first, null),
    ),
  );
  for (const { status } of answers) expect([200, 403, 409]).toContain(status);
  expect(await admins()).toHaveLength(1);
  expect([...(await eventsOn(app, first)), ...(await eventsOn(app, second))]).toHaveLength(1);
});

test("fifty parallel attempts to ban, demote and step down leave exactly one", async () => {
  const ways = [
    () => act(app, first, second, "ban"),
    () => setRole(app, second, first, null),
    () => setRole(app, first, second, null),
    () => act(app, second, first, "ban"),
    () => setRole(app, first, first, null),
    () => setRole(app, second, second, null),
  ];
  const answers = await atOnce(() =>
    Array.from({ length: 50 }, (_, i) => ways[i % ways.length]?.() as ReturnType<typeof call>),
  );
  expect(answers.some(({ status }) => status === 200)).toBe(true);
  for (const { status } of answers) expect([200, 401, 403, 409]).toContain(status);
  expect(await admins()).toHaveLength(1);
});
