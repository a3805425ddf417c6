import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterAll, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson } from "../harness/client.ts";
import { testDatabase } from "../harness/database.ts";
import { freshSecret, secretFolder } from "./secret-file.ts";

const { file, write } = secretFolder();
const database = await testDatabase();
const superuser = postgres(database.superUrl, { max: 1, onnotice: () => {} });
// A role of our own: the password of the other is everybody's.
const role = `rotating_${randomUUID().slice(0, 8)}`;
const first = freshSecret();
await superuser.unsafe(`create role ${role} login password '${first}' in role coaching_app`);
afterAll(async () => {
  await superuser.unsafe(`drop role if exists ${role}`);
  await superuser.end();
});
const app = await startTestApp({
  database,
  worker: false,
  env: {
    DATABASE_URL: Object.assign(new URL(database.appUrl), { username: role, password: "" }).href,
    DATABASE_PASSWORD_FILE: file("database_password", first),
  },
});
const { token } = await createPerson(app);

const alter = (password: string) => superuser.unsafe(`alter role ${role} password '${password}'`);
const idle = { timeout: 30_000, interval: 50 };

/** Connections are all new: those without work end after three seconds. */
async function burst() {
  await expect
    .poll(
      () =>
        superuser`select 1 from pg_stat_activity where usename = ${role} and application_name = 'coaching-app'`,
      idle,
    )
    .toEqual([]);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => call(app, "GET", "/api/v1/me", { token })),
  );
  return answers.map(({ status }) => status);
}
const all200 = Array(20).fill(200);

test("the test can fail: a password that nobody told us of", { timeout: 60_000 }, async () => {
  await alter(freshSecret());
  expect(await burst()).toEqual(Array(20).fill(503));
  await alter(first);
  expect(await burst()).toEqual(all200);
});

test("the database first: new connections read the file again before anybody is refused", {
  timeout: 60_000,
}, async () => {
  const next = freshSecret();
  await alter(next);
  write("database_password", next);
  expect(await burst()).toEqual(all200);
});

test("the file first: the password from before is good as long as the database takes it", {
  timeout: 60_000,
}, async () => {
  const next = freshSecret();
  write("database_password", next);
  await app.deps.live.refresh();
  expect(await burst()).toEqual(all200);
  await alter(next);
  expect(await burst()).toEqual(all200);
});

test("connections from before are replaced, the one that listens included", { timeout: 40_000 }, async () => {
  const before = await superuser`select now() as at`;
  const next = freshSecret();
  write("database_password", next);
  await alter(next);
  await app.deps.live.refresh();
  await expect
    .poll(
      async () => {
        expect((await call(app, "GET", "/api/v1/me", { token })).status).toBe(200);
        return superuser`
          select application_name from pg_stat_activity
          where usename = ${role} and backend_start < ${before[0]?.at}`;
      },
      { timeout: 30_000, interval: 250 },
    )
    .toEqual([]);
  const { json } = await call(app, "GET", "/health/ready");
  expect(json.checks).toMatchObject({ queue: "ok", database: "ok", secrets: "ok" });
});
