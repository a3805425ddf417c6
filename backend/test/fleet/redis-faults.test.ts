import { expect, test, vi } from "vitest";
import { startFleetApp } from "../harness/app.ts";
import { call, createPerson, createTenant, password } from "../harness/client.ts";
import type { ServerProcess } from "../harness/server-process.ts";
import { signIn, tally } from "../sign-in/account.ts";
import { type Asked, type Load, reading, steadyLoad } from "./load.ts";

const patience = { timeout: 30_000, interval: 100 };
const app = await startFleetApp({ worker: false, env: { ORGANIZATION_SIGNUP: "open" } });
const { redis, servers } = app;
const { people, organizationId } = await createTenant(app);
const { client, coach, org_admin } = people;

const askers = [
  reading(client.token),
  reading(coach.token, `/api/v1/organizations/${organizationId}`),
  reading(org_admin.token, `/api/v1/organizations/${organizationId}/members`),
  (n: number): Asked => ({
    method: "PATCH",
    path: "/api/v1/me",
    init: { token: client.token, body: { name: `Name ${n}` } },
  }),
  (): Asked => ({
    method: "POST",
    path: "/api/auth/sign-in/email",
    init: { body: { email: coach.email, password } },
  }),
];

const total = ({ done }: Load) => Object.values(done).reduce((sum, n) => sum + n, 0);

/** Until as many more requests were answered. None are, while all of them wait for Redis. */
async function answered(load: Load, more = 60): Promise<void> {
  const before = [total(load), load.done.POST ?? 0] as const;
  await vi.waitFor(() => {
    expect(total(load)).toBeGreaterThan(before[0] + more);
    expect(load.done.POST ?? 0).toBeGreaterThan(before[1] + 1);
  }, patience);
}

const redisState = async (server: ServerProcess) =>
  (await call(server, "GET", "/health/ready")).json.checks.redis;

/** Until each server counts in Redis what it is asked, without anybody's help. */
async function countedTogether(): Promise<void> {
  for (const server of servers)
    await vi.waitFor(async () => {
      const key = `limit:user:${client.userId}:all`;
      const before = Number(await redis.client.get(key));
      await call(server, "GET", "/api/v1/me", { token: client.token });
      expect(Number(await redis.client.get(key))).toBeGreaterThan(before);
      expect(await redisState(server)).toBe("ok");
    }, patience);
}

async function countedAlone(): Promise<void> {
  for (const server of servers)
    await vi.waitFor(async () => expect(await redisState(server)).toBe("degraded"), patience);
}

/** Makes Redis ask for another password, also of who is connected. */
async function changePassword(to: string): Promise<void> {
  await redis.client.config("SET", "requirepass", to);
  await redis.client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
}

test.each<[string, (load: Load) => Promise<void>]>([
  [
    "killed and started again",
    async (load) => {
      await redis.stop();
      await answered(load);
      await countedAlone();
      await redis.start();
    },
  ],
  [
    "hanging",
    (load) =>
      redis.hang(async () => {
        await answered(load, 120);
        await countedAlone();
      }),
  ],
  [
    "hanging for moments",
    async (load) => {
      for (let n = 0; n < 5; n += 1) await redis.hang(() => answered(load, 10));
    },
  ],
  [
    "slow, but in time,",
    async (load) => {
      for (let n = 0; n < 20; n += 1) {
        await redis.client.call("CLIENT", "PAUSE", "200", "ALL");
        await answered(load, 5);
      }
    },
  ],
  [
    "emptied again and again",
    async (load) => {
      for (let n = 0; n < 10; n += 1) {
        await redis.client.flushall();
        await answered(load, 5);
      }
    },
  ],
  [
    "asking for another password for a while",
    async (load) => {
      await changePassword("another password");
      await answered(load);
      await countedAlone();
      await changePassword(redis.password);
    },
  ],
  [
    "read-only for a while, as the old primary is after a failover",
    async (load) => {
      await redis.client.replicaof("127.0.0.1", 1);
      await answered(load);
      await redis.client.replicaof("NO", "ONE");
    },
  ],
])("Redis %s fails no request, and is shared again by itself", { timeout: 180_000 }, async (_, fault) => {
  await countedTogether();
  const load = steadyLoad(app.url, askers);
  await answered(load);
  await fault(load);
  await countedTogether();
  await answered(load);
  await load.end();
  expect(load.failed).toEqual([]);
});

const make = (at: { url: string }, token: string) =>
  call(at, "POST", "/api/v1/organizations", {
    token,
    body: { name: "Many", slug: `m-${crypto.randomUUID()}` },
  });

test("a limit is one for all; without Redis once for each server; after that anew", async () => {
  const { token } = await createPerson(app);
  const many = (at: { url: string }) => Promise.all(Array.from({ length: 15 }, () => make(at, token)));
  expect(tally(await many(app))).toEqual({ 201: 10, 429: 5 });
  await redis.stop();
  for (const server of servers) expect(tally(await many(server))).toEqual({ 201: 10, 429: 5 });
  for (const server of servers) expect(tally(await many(server))).toEqual({ 429: 15 });
  await redis.start();
  await countedTogether();
  expect(tally(await many(app))).toEqual({ 201: 10, 429: 5 });
});

test("a locked account is locked everywhere; an emptied Redis has forgotten it", async () => {
  const { email } = await createPerson(app);
  for (let n = 0; n < 12; n += 1) await signIn(app, email, "not the password");
  for (const server of servers) expect((await signIn(server, email)).json.code).toBe("account_locked");
  await redis.client.flushall();
  expect((await signIn(app, email)).status).toBe(200);
});

test("what is logged meanwhile names neither the address nor the password of Redis", () => {
  for (const { output } of servers) {
    expect(output()).toContain("redis error");
    expect(output()).not.toContain(redis.password);
    expect(output()).not.toContain(new URL(redis.url).port);
  }
});
