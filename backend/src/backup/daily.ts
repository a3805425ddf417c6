import { setTimeout as pause } from "node:timers/promises";

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Longer than a database or a store takes to come back, and short enough for the night. */
export const retryMs = 15 * 60_000;

/** A time of day in UTC, as milliseconds after midnight. */
export type TimeOfDay = number;

/** @throws unless it is `HH:MM` */
export function readTimeOfDay(text: string): TimeOfDay {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hours === undefined) throw new Error("--daily-at takes a time of day in UTC, such as 02:00");
  return Number(hours) * hourMs + Number(minutes) * 60_000;
}

/** The next moment at that time of day, or `now` when the newest backup is older than the last such moment. */
export function nextBackup(now: number, at: TimeOfDay, newest: number | undefined): number {
  const today = now - (now % dayMs) + at;
  const last = today > now ? today - dayMs : today;
  return newest === undefined || newest < last ? now : last + dayMs;
}

export interface Daily {
  readonly at: TimeOfDay;
  /** When the newest good backup was made, in milliseconds since 1970; undefined when there is none. */
  newest(): Promise<number | undefined>;
  make(): Promise<void>;
  failed(error: unknown): void;
  /** Ends the wait, never a backup half-way. */
  readonly signal: AbortSignal;
  readonly now?: () => number;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Makes a backup every day, and one right away when the last time was missed; tries again soon after one that failed.
 * Nothing is remembered but what lies in the folder: it may be killed and started again at any time.
 */
export async function backUpDaily({
  at,
  newest,
  make,
  failed,
  signal,
  now = Date.now,
  sleep = (ms) => pause(ms, undefined, { signal }),
}: Daily): Promise<void> {
  // By this clock, too: the database's may be behind, and must not make one backup follow the other.
  let made = 0;
  while (!signal.aborted) {
    try {
      const found = await newest();
      const due = nextBackup(now(), at, found === undefined ? undefined : Math.max(found, made));
      const wait = due - now();
      if (wait > 0) {
        // In steps: a clock that is set, or a machine that slept, must not move the night's backup into the day.
        await sleep(Math.min(wait, hourMs), signal).catch(() => {});
        continue;
      }
      const began = now();
      await make();
      made = began;
    } catch (error) {
      failed(error);
      await sleep(retryMs, signal).catch(() => {});
    }
  }
}
