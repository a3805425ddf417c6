import { setTimeout as pause } from "node:timers/promises";
import postgres from "postgres";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { createDataKeys } from "../../src/adapters/data-keys/aes-gcm.ts";
import { createFileMailbox } from "../../src/adapters/mail/file.ts";
import { redriveDeadLetters } from "../../src/adapters/queue/redrive.ts";
import { countSealedJobs, reencryptJobs } from "../../src/adapters/queue/sealed-jobs.ts";
import { createDatabase } from "../../src/db/client.ts";
import { temporaryFolder } from "../backup/places.ts";
import { testDatabase } from "../harness/database.ts";
import { handlersWith, one, queues, two } from "./harness.ts";

const urls = await testDatabase();
const { db, close } = createDatabase(urls.appUrl);
const admin = postgres(urls.superUrl, { max: 1 });
afterAll(async () => {
  await close();
  await admin.end();
});
const { create, lines } = queues(urls.appUrl);
afterEach(() => admin`delete from pgboss.job`);

const soon = { timeout: 20_000, interval: 50 };
const mail = (n: number | string) => ({
  to: `to-${n}@example.com`,
  subject: "s",
  text: `link-${n}`,
  html: "h",
});

async function sending(ring: (typeof one)[], seen: string[] = []) {
  const queue = create(undefined, ring);
  await queue.start();
  await queue.work(handlersWith({ mail: async ({ text }) => void seen.push(text) }), []);
  return { queue, seen };
}

/** Of a process that does not work. */
async function enqueueing(ring: (typeof one)[]) {
  const queue = create(undefined, ring);
  await queue.start();
  return queue;
}

/** The next try is now. */
const hurry = () => admin`update pgboss.job set start_after = now() where state = 'retry'`;

describe("a mail in the queue", () => {
  it("is sealed, within a transaction and without one; other jobs lie open", async () => {
    const queue = await enqueueing([one]);
    await queue.enqueue("mail", mail(1));
    await db.transaction((tx) => queue.enqueue("mail", mail(2), tx));
    await queue.enqueue("object-delete", { keys: ["plain"] });
    const rows = await admin`select name, data from pgboss.job order by name, created_on`;
    expect(rows).toEqual([
      { name: "mail", data: { sealed: expect.stringMatching(/^v1\.1\./) } },
      { name: "mail", data: { sealed: expect.stringMatching(/^v1\.1\./) } },
      { name: "object-delete", data: { keys: ["plain"] } },
    ]);
  });

  it("of the release before, which lies open, is sent", async () => {
    const { seen } = await sending([one]);
    await admin`insert into pgboss.job (name, data) values ('mail', ${admin.json(mail("plain"))})`;
    await expect.poll(() => seen, soon).toEqual(["link-plain"]);
  });

  it("is no mail to the release before, which tries again rather than giving up", async () => {
    const mailbox = createFileMailbox({ dir: temporaryFolder(), from: "a@example.com" });
    const attempt = mailbox.send({ sealed: "v1.1.AAAA" } as never);
    await expect(attempt).rejects.toThrow(TypeError);
    await mailbox.close();
  });

  it("waits while its key is not known yet", async () => {
    const { queue: late, seen } = await sending([one]);
    await (await enqueueing([two, one])).enqueue("mail", mail(1));
    await expect.poll(() => lines.length, soon).toBeGreaterThan(0);
    await late.stop();
    expect(lines[0]?.fields).toMatchObject({
      job: "mail",
      attempt: 1,
      permanent: false,
      reason: expect.stringContaining("data key 2"),
    });
    await sending([two, one], seen);
    await hurry();
    await expect.poll(() => seen, soon).toEqual(["link-1"]);
  });

  it("whose key stays away is put aside, and sent when the key is back and an operator says so", async () => {
    await (await enqueueing([one])).enqueue("mail", mail(1));
    await admin`update pgboss.job set retry_count = 9`;
    const { queue: without, seen } = await sending([two]);
    await expect.poll(async () => (await without.stats()).failed, soon).toBe(1);
    expect(lines.map(({ fields }) => fields)).toMatchObject([
      { job: "mail", attempt: 10, permanent: true, reason: expect.stringContaining("data key 1") },
    ]);
    expect(JSON.stringify(lines)).not.toContain("link-1");
    await without.stop();
    expect(await redriveDeadLetters(urls.appUrl)).toBe(1);
    expect(await redriveDeadLetters(urls.appUrl)).toBe(0);
    await sending([two, one], seen);
    await expect.poll(() => seen, soon).toEqual(["link-1"]);
  });

  it("that was tampered with is put aside at once", async () => {
    await (await enqueueing([one])).enqueue("mail", mail(1));
    await admin`update pgboss.job set data = jsonb_build_object('sealed', (data->>'sealed') || 'AAAA')`;
    const { queue } = await sending([one]);
    await expect.poll(async () => (await queue.stats()).failed, soon).toBe(1);
    expect(lines.map(({ fields }) => fields)).toMatchObject([{ attempt: 1, permanent: true }]);
  });
});

describe("encrypting the queue anew", () => {
  const ring = createDataKeys([two, one]);

  it("moves what waits and what failed for good, and leaves what is done and what it cannot open", async () => {
    const queue = await enqueueing([one]);
    for (const n of [1, 2, 3]) await queue.enqueue("mail", mail(n));
    await (await enqueueing([{ ...one, version: 7 }])).enqueue("mail", mail(4));
    await (await enqueueing([two])).enqueue("mail", mail(5));
    await admin`update pgboss.job set name = 'dead-letter', source_name = 'mail'
      where id = (select id from pgboss.job where data->>'sealed' like 'v1.1.%' limit 1)`;
    await admin`update pgboss.job set state = 'completed' where id = (
      select id from pgboss.job where name = 'mail' and data->>'sealed' like 'v1.1.%' limit 1)`;
    expect(await reencryptJobs(db, ring)).toBe(2);
    expect(await countSealedJobs(db, ring)).toEqual([
      { version: 7, count: 1, unopened: 1 },
      { version: 2, count: 3, unopened: 0 },
    ]);
    expect(await reencryptJobs(db, ring)).toBe(0);
    const { seen } = await sending([two]);
    await redriveDeadLetters(urls.appUrl);
    await expect.poll(() => seen.length, soon).toBe(3);
    expect(new Set(seen).size).toBe(3);
  });

  it("that dies half-way has lost nothing, and the next run does the rest", async () => {
    const queue = await enqueueing([one]);
    for (let n = 0; n < 6; n += 1) await queue.enqueue("mail", mail(n));
    let statements = 0;
    const dying = new Proxy(db, {
      get: (target, name, receiver) =>
        name === "execute" && ++statements > 4
          ? async () => Promise.reject(new Error("killed"))
          : Reflect.get(target, name, receiver),
    });
    await expect(reencryptJobs(dying, ring)).rejects.toThrow("killed");
    expect(await countSealedJobs(db, ring)).toEqual([
      { version: 2, count: 3, unopened: 0 },
      { version: 1, count: 3, unopened: 0 },
    ]);
    expect(await reencryptJobs(db, ring)).toBe(3);
    expect(await countSealedJobs(db, ring)).toEqual([{ version: 2, count: 6, unopened: 0 }]);
  });

  it("goes on beside workers: each mail is sent once, none comes back, none is left behind", async () => {
    const queue = await enqueueing([one]);
    const total = 300;
    await Promise.all(Array.from({ length: total }, (_, n) => queue.enqueue("mail", mail(n))));
    const runs = new Map<string, number>();
    const sent: string[] = [];
    const worker = create(undefined, [two, one]);
    await worker.start();
    await worker.work(
      handlersWith({
        // Some fail once: they are rows anew, under the same key.
        mail: async ({ text }) => {
          const run = (runs.get(text) ?? 0) + 1;
          runs.set(text, run);
          await pause(1);
          if (run === 1 && text.endsWith("7")) throw new Error("once");
          sent.push(text);
        },
      }),
      [],
    );
    await reencryptJobs(db, ring);
    const left = await countSealedJobs(db, ring);
    expect(left.filter(({ version, unopened }) => version !== 2 || unopened > 0)).toEqual([]);
    await expect
      .poll(async () => {
        await hurry();
        return new Set(sent).size;
      }, soon)
      .toBe(total);
    expect(sent).toHaveLength(total);
    const states = () => admin`select state, count(*)::int as n from pgboss.job group by 1`;
    // What was sent is written down a moment later.
    await expect.poll(states, soon).toEqual([{ state: "completed", n: total }]);
  });
});
