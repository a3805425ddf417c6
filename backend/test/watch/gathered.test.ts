import { describe, expect, test, vi } from "vitest";
import { backups } from "../backup/places.ts";
import { createDatabaseProxy } from "../faults/database-proxy.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson } from "../harness/client.ts";
import { testDatabase } from "../harness/database.ts";
import { hasRedis } from "../harness/fleet-parts.ts";
import { freePort } from "../harness/free-port.ts";
import { startRedis } from "../harness/redis.ts";
import { METRICS_TOKEN, readMetrics, sumOf } from "./metrics.ts";

const patience = { timeout: 20_000, interval: 250 };
const lastBackup = "coaching_backup_last_success_timestamp_seconds";
const real = await testDatabase();

test("depth and age of the queue are the same on every instance, also on one without jobs", async () => {
  const env = { METRICS_TOKEN };
  const one = await startTestApp({ worker: false, database: real, env });
  const two = await startTestApp({ worker: false, database: real, env });
  const { email } = await createPerson(one);
  await one.deps.database
    .sql`update pgboss.job set created_on = now() - interval '1 hour' where name = 'mail'`;
  await call(one, "POST", "/api/auth/request-password-reset", { body: { email } });
  for (const app of [one, two]) {
    const samples = await readMetrics(app);
    expect(sumOf(samples, "coaching_queue_jobs", { queue: "mail" })).toBe(2);
    expect(sumOf(samples, "coaching_queue_jobs", { queue: "object-delete" })).toBe(0);
    const age = sumOf(samples, "coaching_queue_oldest_seconds", { queue: "mail" });
    expect(age).toBeGreaterThanOrEqual(3600);
    expect(age).toBeLessThan(3660);
    expect(sumOf(samples, "coaching_queue_dead_letters")).toBe(0);
  }
});

test("many scrapes ask the database once", async () => {
  const app = await startTestApp({ worker: false, database: real, env: { METRICS_TOKEN } });
  app.statements.length = 0;
  for (let i = 0; i < 10; i++) await readMetrics(app);
  expect(app.statements).toHaveLength(1);
});

test("the time of the last backup is known, and only of one that is whole", async () => {
  const app = await startTestApp({ worker: false, env: { METRICS_TOKEN } });
  const fresh = () => startTestApp({ worker: false, database: app.database, env: { METRICS_TOKEN } });
  const { make } = await backups(app);
  expect(sumOf(await readMetrics(app), lastBackup)).toBeUndefined();
  await expect(make({ recipients: ["age1none"] })).rejects.toThrow();
  expect(sumOf(await readMetrics(await fresh()), lastBackup)).toBeUndefined();
  const { name } = await make();
  const age = Date.now() / 1000 - (sumOf(await readMetrics(await fresh()), lastBackup) ?? 0);
  expect(Math.abs(age)).toBeLessThan(60);
  const [event] = await app.deps.database.sql`select * from audit_event where action = 'backup.created'`;
  expect(event).toMatchObject({ target_id: name, actor_type: "system", organization_id: null });
});

test("without the database the page is still there, says so, and leaves out what it does not know", async () => {
  const proxy = await createDatabaseProxy(real.appUrl);
  const app = await startTestApp({
    worker: false,
    database: { ...real, appUrl: proxy.url },
    env: { METRICS_TOKEN },
  });
  expect(sumOf(await readMetrics(app), "coaching_database_up")).toBe(1);
  const { token } = await createPerson(app);
  await proxy.turn("blackHole");
  await vi.waitFor(async () => {
    const samples = await readMetrics(app);
    expect(sumOf(samples, "coaching_database_up")).toBe(0);
    expect(sumOf(samples, "coaching_queue_jobs")).toBeUndefined();
    expect(sumOf(samples, "coaching_http_requests_total")).toBeGreaterThan(0);
  }, patience);
  const { status } = await call(app, "GET", "/api/v1/me", { token });
  expect(status).toBe(503);
  await vi.waitFor(async () => {
    const answered = { route: "/api/v1/me", status: "503" };
    expect(sumOf(await readMetrics(app), "coaching_http_requests_total", answered)).toBe(1);
  }, patience);
  await proxy.turn("open");
  await vi.waitFor(
    async () => expect(sumOf(await readMetrics(app), "coaching_database_up")).toBe(1),
    patience,
  );
});

test("a mail that cannot be handed over is a failed one", async () => {
  const app = await startTestApp({
    env: { METRICS_TOKEN, SMTP_HOST: "127.0.0.1", SMTP_PORT: String(await freePort()) },
  });
  const body = { name: "Test Person", email: "nobody@example.test", password: "correct horse battery" };
  await call(app, "POST", "/api/auth/sign-up/email", { body });
  await vi.waitFor(async () => {
    const samples = await readMetrics(app);
    expect(sumOf(samples, "coaching_mails_total", { result: "failed" })).toBeGreaterThan(0);
    expect(sumOf(samples, "coaching_jobs_total", { job: "mail", result: "failed" })).toBeGreaterThan(0);
  }, patience);
});

describe.runIf(hasRedis)("with Redis", () => {
  test("limits that are counted without it are fallbacks", async () => {
    const redis = await startRedis();
    const app = await startTestApp({
      worker: false,
      database: real,
      env: { METRICS_TOKEN, REDIS_URL: redis.url, REDIS_PASSWORD: redis.password },
    });
    const fallbacks = async () => sumOf(await readMetrics(app), "coaching_limiter_fallbacks_total");
    await vi.waitFor(async () => {
      expect((await call(app, "GET", "/health/ready")).json.checks.redis).toBe("ok");
    }, patience);
    const before = (await fallbacks()) ?? 0;
    await call(app, "GET", "/api/v1/config/public");
    expect(await fallbacks()).toBe(before);
    await redis.stop();
    await call(app, "GET", "/api/v1/config/public");
    expect(await fallbacks()).toBeGreaterThan(before);
  });
});
