import postgres from "postgres";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { createDatabase } from "../../src/db/client.ts";
import { AppError } from "../../src/errors.ts";
import { testDatabase } from "../harness/database.ts";
import { handlersWith, queues } from "./harness.ts";

const urls = await testDatabase();
const { db, close } = createDatabase(urls.appUrl);
const admin = postgres(urls.superUrl, { max: 1 });
afterAll(async () => {
  await close();
  await admin.end();
});
const { create, lines } = queues(urls.appUrl);
afterEach(() => admin`delete from pgboss.job`);

const soon = { timeout: 15_000, interval: 50 };
const job = (key: string): ["object-delete", { keys: string[] }] => ["object-delete", { keys: [key] }];

async function working(handlers: Parameters<typeof handlersWith>[0]) {
  const queue = create();
  await queue.start();
  await queue.work(handlersWith(handlers), []);
  return queue;
}

describe("the job queue", () => {
  it("delivers what a committed transaction enqueued, once, and nothing of one that rolled back", async () => {
    const seen: string[] = [];
    const queue = await working({ "object-delete": async ({ keys }) => void seen.push(...keys) });
    await expect(
      db.transaction(async (tx) => {
        await queue.enqueue(...job("rolled back"), tx);
        throw new Error("changed my mind");
      }),
    ).rejects.toThrow("changed my mind");
    await db.transaction(async (tx) => {
      await queue.enqueue(...job("committed"), tx);
      const [mine] = await admin`select count(*)::int as n from pgboss.job`;
      expect(mine?.n, "jobs others can see before the commit").toBe(0);
    });
    await expect.poll(() => seen, soon).toEqual(["committed"]);
    await expect.poll(() => queue.stats(), soon).toMatchObject({ queued: 0, failed: 0, oldestSeconds: 0 });
    await queue.enqueue(...job("outside"));
    await expect.poll(() => seen, soon).toEqual(["committed", "outside"]);
  });

  it("carries a mail unchanged", async () => {
    const message = {
      to: "a@example.com",
      subject: "Grüße $1 %s",
      text: "l1\r\nl2 \\ '\"",
      html: "<p>&amp;</p>",
    };
    const seen: unknown[] = [];
    const queue = await working({ mail: async (mail) => void seen.push(mail) });
    await db.transaction((tx) => queue.enqueue("mail", message, tx));
    await expect.poll(() => seen, soon).toEqual([message]);
  });

  it("wakes a worker within a fraction of its polling interval", async () => {
    let arrived = 0;
    const queue = await working({
      "object-delete": async () => {
        arrived = performance.now();
      },
    });
    const latencies = [];
    for (let i = 0; i < 5; i++) {
      arrived = 0;
      const sent = performance.now();
      await queue.enqueue("object-delete", { keys: [] });
      await expect.poll(() => arrived, { ...soon, interval: 5 }).toBeGreaterThan(0);
      latencies.push(arrived - sent);
    }
    expect(latencies.sort((a, b) => a - b)[2]).toBeLessThan(500);
  });

  it("tries a job again that failed, and logs its name but nothing it carries", async () => {
    let attempts = 0;
    const queue = await working({
      mail: async () => {
        if (++attempts < 3)
          throw new Error("Failed query: secret-token", { cause: new Error("no connection") });
      },
    });
    await queue.enqueue("mail", {
      to: "a@example.com",
      subject: "s",
      text: "secret-token",
      html: "secret-token",
    });
    await expect.poll(() => attempts, soon).toBe(3);
    await expect.poll(async () => (await queue.stats()).queued, soon).toBe(0);
    expect(lines.map((l) => l.fields)).toMatchObject([
      { job: "mail", attempt: 1, permanent: false, reason: "Error: no connection" },
      { job: "mail", attempt: 2, permanent: false, reason: "Error: no connection" },
    ]);
    expect(JSON.stringify(lines)).not.toContain("secret-token");
  });

  it("lets no failing job harm its mates among a hundred", async () => {
    const runs = new Map<string, number>();
    const queue = await working({
      "object-delete": async ({ keys: [key = ""] }) => {
        const run = (runs.get(key) ?? 0) + 1;
        runs.set(key, run);
        const number = Number(key);
        if (number % 10 === 0) throw new AppError("unprocessable", "never will be");
        if (number % 10 === 1 && run === 1) throw new Error("once");
      },
    });
    await Promise.all(Array.from({ length: 100 }, (_, i) => queue.enqueue(...job(String(i)))));
    await expect.poll(() => queue.stats(), soon).toMatchObject({ queued: 0, failed: 10 });
    const expected = Array.from({ length: 100 }, (_, i) => [String(i), i % 10 === 1 ? 2 : 1] as const);
    expect([...runs].sort(([a], [b]) => Number(a) - Number(b))).toEqual(expected);
  });

  it("keeps what failed for good as a dead letter with its data", async () => {
    const queue = await working({
      "object-delete": async () => {
        throw new AppError("validation_failed", "wrong for ever");
      },
    });
    await queue.enqueue(...job("dead"));
    await expect.poll(async () => (await queue.stats()).failed, soon).toBe(1);
    const letters = await admin`select data, state from pgboss.job where name = 'dead-letter'`;
    expect(letters).toMatchObject([{ data: { keys: ["dead"] }, state: "created" }]);
  });

  it("tells how many jobs wait, and how long", async () => {
    const queue = create();
    await queue.start();
    await queue.enqueue(...job("a"));
    await queue.enqueue(...job("b"));
    await admin`update pgboss.job set created_on = now() - interval '90 seconds' where data->'keys'->>0 = 'a'`;
    const { queued, failed, oldestSeconds } = await queue.stats();
    expect({ queued, failed }).toEqual({ queued: 2, failed: 0 });
    expect(oldestSeconds).toBeGreaterThanOrEqual(90);
    expect(oldestSeconds).toBeLessThan(100);
  });

  it("finishes what runs before it stops, and takes nothing more", async () => {
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    let finished = false;
    const queue = await working({
      "object-delete": async () => {
        started.resolve();
        await release.promise;
        finished = true;
      },
    });
    await queue.enqueue(...job("slow"));
    await started.promise;
    const stopping = queue.stop();
    release.resolve();
    await stopping;
    expect(finished).toBe(true);
    const jobs = await admin`select state from pgboss.job where name = 'object-delete'`;
    expect(jobs).toMatchObject([{ state: "completed" }]);
    await expect(queue.enqueue(...job("late"))).rejects.toMatchObject({ code: "unavailable" });
  });

  it("works as coaching_app with at most three connections", async () => {
    const done: string[] = [];
    const queue = await working({ "object-delete": async ({ keys }) => void done.push(...keys) });
    await Promise.all(Array.from({ length: 30 }, (_, i) => queue.enqueue(...job(String(i)))));
    await expect.poll(() => done.length, soon).toBe(30);
    const connections = await admin`
      select usename from pg_stat_activity
      where datname = current_database() and application_name in ('queue test', 'pgboss')`;
    expect(connections.length).toBeGreaterThan(0);
    expect(connections.length).toBeLessThanOrEqual(3);
    expect(new Set(connections.map((c) => c.usename))).toEqual(new Set(["coaching_app"]));
    expect(lines.filter((l) => l.message !== "job failed")).toEqual([]);
  });
});
