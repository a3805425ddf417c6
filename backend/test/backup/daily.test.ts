import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backUpDaily, nextBackup, readTimeOfDay, retryMs } from "../../src/backup/daily.ts";

const dayMs = 86_400_000;
const at = readTimeOfDay("02:00");
const moment = (text: string) => Date.parse(text);

/** A clock that moves only while the loop sleeps, and a folder that holds what was made. */
function world(start: string, until: string, { fails = 0, databaseBehindMs = 0 } = {}) {
  const stop = new AbortController();
  let now = moment(start);
  let newest: number | undefined;
  const made: string[] = [];
  const failures: number[] = [];
  const run = backUpDaily({
    at,
    newest: async () => newest,
    async make() {
      if (failures.length < fails) throw new Error("the database is away");
      made.push(new Date(now).toISOString());
      newest = now + 1 - databaseBehindMs;
      now += 60_000;
    },
    failed: () => void failures.push(now),
    signal: stop.signal,
    now: () => now,
    async sleep(ms) {
      now += ms;
      if (now >= moment(until)) stop.abort();
    },
  });
  return { run, made, failures };
}

describe("backups by the clock", () => {
  it("come at once when there is none, and then every night", async () => {
    const { run, made } = world("2026-03-01T10:00:00Z", "2026-03-04T12:00:00Z");
    await run;
    expect(made).toEqual([
      "2026-03-01T10:00:00.000Z",
      "2026-03-02T02:00:00.000Z",
      "2026-03-03T02:00:00.000Z",
      "2026-03-04T02:00:00.000Z",
    ]);
  });

  it("are tried again soon after one that failed", async () => {
    const { run, made, failures } = world("2026-03-01T10:00:00Z", "2026-03-01T12:00:00Z", { fails: 2 });
    await run;
    expect(failures).toHaveLength(2);
    expect(made).toEqual([new Date(moment("2026-03-01T10:00:00Z") + 2 * retryMs).toISOString()]);
  });

  it("do not follow each other when the database's clock is behind", async () => {
    const { run, made } = world("2026-03-01T01:59:00Z", "2026-03-01T23:00:00Z", {
      databaseBehindMs: 3_600_000,
    });
    await run;
    expect(made).toEqual(["2026-03-01T01:59:00.000Z", "2026-03-01T02:00:00.000Z"]);
  });

  it("are never more than a day away, and never due again right after one", () => {
    const times = fc.integer({ min: 0, max: 4_000_000_000_000 });
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: dayMs - 1 }), times, (now, time, newest) => {
        const next = nextBackup(now, time, newest);
        expect(next).toBeGreaterThanOrEqual(now);
        expect(next - now).toBeLessThanOrEqual(dayMs);
        expect(nextBackup(now, time, now)).toBeGreaterThan(now);
      }),
    );
  });

  it.each(["2:00", "24:00", "02:60", "", "02:00:00", "night"])("refuse %j as a time", (text) => {
    expect(() => readTimeOfDay(text)).toThrow("--daily-at");
  });
});
