import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import pg from "pg";
import postgres from "postgres";
import { afterAll, expect, test, vi } from "vitest";
import { rotate } from "../../src/coachctl/rotate.ts";
import { createDatabaseProxy } from "../faults/database-proxy.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson } from "../harness/client.ts";
import { testDatabase } from "../harness/database.ts";
import { freshSecret, secretFolder } from "../secret-files/secret-file.ts";

const { file, write } = secretFolder();
const database = await testDatabase();
const superuser = postgres(database.superUrl, { max: 2, onnotice: () => {} });
// A role of our own: the password of the other is everybody's.
const role = `rotated_${randomUUID().slice(0, 8)}`;
const first = freshSecret();
await superuser.unsafe(`create role ${role} login password '${first}' in role coaching_app`);
afterAll(async () => {
  await superuser.unsafe(`drop role if exists ${role}`);
  await superuser.end();
});
const path = file("database_password", first);
const environment = {
  DATABASE_URL: Object.assign(new URL(database.appUrl), { username: role, password: "" }).href,
  DATABASE_PASSWORD_FILE: path,
};
const app = await startTestApp({ database, worker: false, env: environment });
const { token } = await createPerson(app);
const inFile = () => readFileSync(path, "utf8").trim();

async function change(flags: string[] = [], settings = environment): Promise<string> {
  const lines: string[] = [];
  await rotate.run({
    environment: settings,
    arguments: ["DATABASE_PASSWORD", ...flags],
    print: (text) => void lines.push(text),
    readLine: async () => "",
  });
  return lines.join("\n");
}

async function signsIn(password: string): Promise<boolean> {
  const client = postgres(Object.assign(new URL(environment.DATABASE_URL), { password }).href, { max: 1 });
  try {
    await client`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}

const burst = async () =>
  (await Promise.all(Array.from({ length: 20 }, () => call(app, "GET", "/api/v1/me", { token })))).map(
    ({ status }) => status,
  );

test("the role and the file change, and requests meanwhile are answered", { timeout: 60_000 }, async () => {
  const [text, ...answers] = await Promise.all([change(), burst(), burst()]);
  expect(new Set(answers.flat())).toEqual(new Set([200]));
  expect(inFile()).not.toBe(first);
  expect(text).not.toContain(inFile());
  expect([await signsIn(inFile()), await signsIn(first)]).toEqual([true, false]);
  expect(await burst()).toEqual(Array(20).fill(200));
});

test("in a breach whoever is connected with the old password is cut off", { timeout: 60_000 }, async () => {
  const old = inFile();
  const thief = postgres(Object.assign(new URL(environment.DATABASE_URL), { password: old }).href, {
    max: 1,
  });
  const [{ pid } = { pid: 0 }] = await thief`select pg_backend_pid() as pid`;
  await change(["--breach"]);
  await expect
    .poll(() => superuser`select 1 from pg_stat_activity where pid = ${pid}`, { timeout: 30_000 })
    .toEqual([]);
  await expect(thief`select 1`).rejects.toThrow();
  await thief.end();
  expect(await signsIn(old)).toBe(false);
  await expect.poll(burst, { timeout: 30_000 }).toEqual(Array(20).fill(200));
});

test("no statement has the password, only what the database keeps of one", { timeout: 60_000 }, async () => {
  const query = vi.spyOn(pg.Client.prototype, "query");
  await change();
  const statements = JSON.stringify(query.mock.calls.map(([statement]) => statement));
  query.mockRestore();
  expect(statements).toContain("alter role current_user password 'SCRAM-SHA-256$4096:");
  expect(statements).not.toContain(inFile());
  expect(await signsIn(inFile())).toBe(true);
});

test("a file that is behind the database is refused, and stays", { timeout: 60_000 }, async () => {
  const right = inFile();
  write("database_password", "not-the-password-of-the-role");
  await expect(change()).rejects.toThrow("does not take the password of the file");
  expect(inFile()).toBe("not-the-password-of-the-role");
  expect(await signsIn(right)).toBe(true);
  write("database_password", right);
});

test("of runs at once one changes it, and the file has what the database takes", {
  timeout: 60_000,
}, async () => {
  for (let round = 0; round < 3; round += 1) {
    const runs = await Promise.allSettled([change(), change(), change()]);
    expect(runs.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(await signsIn(inFile())).toBe(true);
  }
});

/** A change, by way of a proxy, that waits in the database for a lock which somebody else has until they let go. */
async function changeHeldUp() {
  const proxy = await createDatabaseProxy(environment.DATABASE_URL);
  const holder = await superuser.reserve();
  await holder`begin`;
  await holder.unsafe(`alter role ${role} connection limit 50`);
  const running = change([], { ...environment, DATABASE_URL: proxy.url });
  const waiting = () =>
    superuser`select pid from pg_stat_activity where usename = ${role} and wait_event_type = 'Lock'`;
  await expect.poll(waiting, { timeout: 30_000 }).toHaveLength(1);
  return {
    proxy,
    running,
    waiting,
    async letGo() {
      await holder`rollback`;
      holder.release();
    },
  };
}

test("a connection that breaks off while the database changes it leaves the file as it was", {
  timeout: 60_000,
}, async () => {
  const right = inFile();
  const { proxy, running, waiting, letGo } = await changeHeldUp();
  const [{ pid } = { pid: 0 }] = await waiting();
  await proxy.turn("cut");
  await expect(running).rejects.toThrow("ECONNREFUSED");
  await superuser`select pg_terminate_backend(${pid})`;
  await letGo();
  expect(inFile()).toBe(right);
  expect(await signsIn(right)).toBe(true);
});

test("a change that the database makes after the connection broke off is not taken back in the file", {
  timeout: 60_000,
}, async () => {
  const old = inFile();
  const { proxy, running, waiting, letGo } = await changeHeldUp();
  const ended = running.then(
    () => true,
    () => true,
  );
  // Ends the connection, and takes new ones all the while; the database goes on with what it was told.
  await proxy.turn("blackHole");
  await proxy.turn("open");
  await Promise.race([expect.poll(waiting, { timeout: 15_000 }).toHaveLength(2), ended]);
  await letGo();
  await ended;
  await proxy.turn("cut");
  expect(await signsIn(inFile())).toBe(true);
  expect(inFile()).not.toBe(old);
});
