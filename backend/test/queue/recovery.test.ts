import postgres from "postgres";
import { afterAll, describe, expect, it } from "vitest";
import { createQuietErrors } from "../../src/adapters/log/quiet-errors.ts";
import { testDatabase } from "../harness/database.ts";
import { createGate } from "./gate.ts";
import { handlersWith, queues } from "./harness.ts";

const urls = await testDatabase();
const admin = postgres(urls.superUrl, { max: 1 });
afterAll(() => admin.end());
const { create, lines } = queues(urls.appUrl);
const soon = { timeout: 25_000, interval: 50 };

describe("a queue whose database goes away", () => {
  it("starts without it, says so, and works as soon as it is there", async () => {
    const gate = await createGate(urls.appUrl);
    await gate.shut();
    const seen: string[] = [];
    const queue = create(gate.url);
    await queue.start();
    await queue.work(handlersWith({ "object-delete": async ({ keys }) => void seen.push(...keys) }), []);
    await expect(queue.check()).rejects.toMatchObject({ code: "unavailable" });
    await expect(queue.enqueue("object-delete", { keys: ["lost"] })).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(lines[0]).toMatchObject({ level: "warn", message: "queue not connected" });

    await gate.open();
    await expect
      .poll(
        () =>
          queue.check().then(
            () => "up",
            () => "down",
          ),
        soon,
      )
      .toBe("up");
    await queue.enqueue("object-delete", { keys: ["first"] });
    await expect.poll(() => seen, soon).toEqual(["first"]);
    await queue.stop();
    await gate.shut();
  }, 40_000);

  it("recovers by itself when it comes back, and logs a line and not a flood meanwhile", async () => {
    const gate = await createGate(urls.appUrl);
    const seen: string[] = [];
    const queue = create(gate.url);
    await queue.start();
    await queue.work(handlersWith({ "object-delete": async ({ keys }) => void seen.push(...keys) }), []);
    await queue.check();

    await gate.shut();
    await expect
      .poll(
        () =>
          queue.check().then(
            () => "up",
            () => "down",
          ),
        soon,
      )
      .toBe("down");
    await expect.poll(() => lines.length, soon).toBeGreaterThan(0);
    const direct = create();
    await direct.start();
    await direct.enqueue("object-delete", { keys: ["meanwhile"] });
    expect(lines.length).toBeLessThan(5);

    await gate.open();
    await expect.poll(() => seen, soon).toEqual(["meanwhile"]);
    await queue.stop();
    await gate.shut();
  }, 40_000);

  it("can be stopped while it is trying to connect", async () => {
    const gate = await createGate(urls.appUrl);
    await gate.shut();
    const queue = create(gate.url);
    await queue.start();
    await queue.stop();
    const before = lines.length;
    await gate.open();
    await expect(queue.check()).rejects.toMatchObject({ code: "unavailable" });
    expect(lines.length).toBe(before);
    await gate.shut();
  });
});

describe("schedules", () => {
  it("run once over all instances, and end when they are not named any more", async () => {
    const schedule = { name: "tick", cron: "* * * * *", run: async () => {} };
    const first = create();
    await first.start();
    await first.work(handlersWith({}), [schedule, { ...schedule, name: "old" }]);
    expect(await admin`select name, cron, timezone from pgboss.schedule order by name`).toMatchObject([
      { name: "schedule.old", cron: "* * * * *", timezone: "UTC" },
      { name: "schedule.tick" },
    ]);
    await first.stop();

    // As if the last look at the clock had been a while ago, so that the next one is due.
    await admin`update pgboss.version set cron_on = now() - interval '31 seconds'`;
    await admin`delete from pgboss.job`;
    let runs = 0;
    const counted = { ...schedule, run: async () => void runs++ };
    const instances = [create(), create()];
    await Promise.all(
      instances.map(async (queue) => {
        await queue.start();
        await queue.work(handlersWith({}), [counted]);
      }),
    );
    await expect.poll(() => runs, soon).toBe(1);
    const jobs = await admin`select state from pgboss.job where name = 'schedule.tick'`;
    expect(jobs).toHaveLength(1);
    expect(await admin`select name from pgboss.schedule`).toMatchObject([{ name: "schedule.tick" }]);
  }, 40_000);
});

describe("the log of the queue's own errors", () => {
  it("says one error in ten seconds and how many it left out", () => {
    let time = 0;
    const said: unknown[] = [];
    const error = createQuietErrors(
      { error: (fields: unknown) => void said.push(fields) },
      "queue error",
      () => time,
    );
    for (let i = 0; i < 5; i++) error(new Error(`number ${i}`));
    time = 10_000;
    error(new Error("later"));
    expect(said).toMatchObject([
      { reason: "number 0", leftOut: 0 },
      { reason: "later", leftOut: 4 },
    ]);
  });
});
