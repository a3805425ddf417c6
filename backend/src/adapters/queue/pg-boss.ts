import { setTimeout as pause } from "node:timers/promises";
import { sql } from "drizzle-orm";
import { fromDrizzle, type Job, PgBoss } from "pg-boss";
import type { Logger } from "pino";
import type { Login } from "../../db/login.ts";
import { createLoginPool } from "../../db/login-pool.ts";
import { AppError } from "../../errors.ts";
import type { DataKeys } from "../data-keys/port.ts";
import { createQuietErrors } from "../log/quiet-errors.ts";
import { createListener } from "./listener.ts";
import type { CheckedQueue, JobHandlers, JobName, Jobs, Schedule } from "./port.ts";
import { runBatch } from "./run-batch.ts";
import { openData, type SealedData, sealData } from "./sealed-data.ts";
import { DEAD_LETTERS, JOB_SETTINGS, SCHEDULE_SETTINGS, scheduleQueue } from "./settings.ts";

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;
const DRAIN_MS = 10_000;
const GOODBYE_MS = 1_000;

const JOB_NAMES = Object.keys(JOB_SETTINGS) as JobName[];

const POLLING = {
  // A new job wakes its workers at once; polling finds retries, and what a lost notification left.
  notifyPollingIntervalSeconds: 2,
  pollingIntervalSeconds: 0.5,
  burstWhenBatchFull: true,
  perJobResults: true,
} as const;

export interface Queue extends CheckedQueue {
  /** Connects; when the database is not there, goes on trying in the background. Rejects never. */
  start(): Promise<void>;
  /** Takes jobs from now on, or as soon as the queue is connected. Schedules that are not named any more end. */
  work(handlers: JobHandlers, schedules: readonly Schedule[]): Promise<void>;
  /** Takes no more jobs, gives the running ones 10 s, then hands them back to be run again. */
  stop(): Promise<void>;
  /** Jobs not done yet, those that failed for good, and the age of the oldest not done, in seconds. */
  stats(): Promise<QueueStats>;
}

export interface QueueStats {
  readonly queued: number;
  readonly failed: number;
  readonly oldestSeconds: number;
  /** Every queue, also an empty one. */
  readonly queues: readonly {
    readonly name: JobName;
    readonly queued: number;
    readonly oldestSeconds: number;
  }[];
}

/**
 * The job queue in PostgreSQL. At most three connections: two for statements, one that listens.
 *
 * @param login as `coaching_app`; the owner's migration made the schema
 */
export function createQueue({
  login,
  applicationName,
  keys,
  log,
}: {
  login: Login;
  applicationName: string;
  keys: DataKeys;
  log: Pick<Logger, "info" | "warn" | "error">;
}): Queue {
  const pool = createLoginPool(login, {
    max: 3,
    application_name: applicationName,
    connectionTimeoutMillis: 4_000,
  });
  let boss: PgBoss | undefined;
  let toWork: { handlers: JobHandlers; schedules: readonly Schedule[] } | undefined;
  let stopped = false;
  let connecting: Promise<void> = Promise.resolve();
  let retry: NodeJS.Timeout | undefined;

  function connected(): PgBoss {
    if (!boss) throw new AppError("unavailable", "The job queue is not connected.", { retryAfter: 5 });
    return boss;
  }

  async function connect(delay: number): Promise<void> {
    const candidate = new PgBoss({
      // Ours instead of its own: its pool would know one password only.
      db: {
        executeSql: (text, values) => pool.query(text, values),
        listen: createListener(pool, login),
      },
      schema: "pgboss",
      migrate: false,
      useListenNotify: true,
      // Needs the owner of the indexes, which the application's role is not.
      reindex: false,
    });
    candidate.on("error", createQuietErrors(log, "queue error"));
    candidate.on("warning", ({ message }) => log.warn({ reason: message }, "queue warning"));
    try {
      await candidate.start();
      await candidate.createQueue(DEAD_LETTERS);
      for (const name of JOB_NAMES) await putQueue(candidate, name, JOB_SETTINGS[name]);
      if (toWork) await takeJobs(candidate, toWork.handlers, toWork.schedules);
      boss = candidate;
    } catch (error) {
      await giveUp(candidate, error, delay);
    }
  }

  async function giveUp(candidate: PgBoss, error: unknown, delay: number): Promise<void> {
    const reason = error instanceof Error ? error.message || error.name : "unknown error";
    log.warn({ reason, retryInMs: delay }, "queue not connected");
    await candidate.stop({ graceful: false }).catch(() => {});
    if (!stopped) retry = setTimeout(() => begin(Math.min(delay * 2, LAST_RETRY_MS)), delay);
  }

  function begin(delay: number): void {
    connecting = connect(delay);
  }

  async function takeJobs(on: PgBoss, handlers: JobHandlers, schedules: readonly Schedule[]): Promise<void> {
    const take = async <N extends JobName>(name: N) => {
      const { batchSize } = JOB_SETTINGS[name];
      await on.work(
        name,
        { ...POLLING, batchSize, localConcurrency: 2 },
        (jobs: Job<Jobs[N] | SealedData>[]) =>
          runBatch(jobs, async (data, attempt) => handlers[name](openData(keys, name, data, attempt)), log),
      );
    };
    for (const name of JOB_NAMES) await take(name);

    for (const { name, cron, run } of schedules) {
      const queue = scheduleQueue(name);
      await putQueue(on, queue, SCHEDULE_SETTINGS);
      await on.work(queue, { ...POLLING, batchSize: 1 }, (jobs) => runBatch(jobs, run, log));
      // A clean-up that fell due while nothing ran is made up for.
      await on.schedule(queue, cron, null, { tz: "UTC", missed: "once" });
    }
    const current = new Set(schedules.map(({ name }) => scheduleQueue(name)));
    for (const { name } of await on.getSchedules()) if (!current.has(name)) await on.unschedule(name);
  }

  return {
    async start() {
      begin(FIRST_RETRY_MS);
      await connecting;
    },

    async work(handlers, schedules) {
      await connecting;
      // Only now: a connection on its way would take the jobs as well, and they would be taken twice.
      toWork = { handlers, schedules };
      const current = boss;
      if (!current) return;
      try {
        await takeJobs(current, handlers, schedules);
      } catch (error) {
        boss = undefined;
        await giveUp(current, error, FIRST_RETRY_MS);
      }
    },

    async enqueue(name, data, tx) {
      await connected().send(name, sealData(keys, name, data), tx ? { db: fromDrizzle(tx, sql) } : {});
    },

    async stop() {
      stopped = true;
      clearTimeout(retry);
      await connecting;
      await boss?.stop({ graceful: true, timeout: DRAIN_MS });
      boss = undefined;
      // A server that is gone never says goodbye.
      if (!pool.ending) await Promise.race([pool.end(), pause(GOODBYE_MS)]);
    },

    async stats() {
      const { rows } = await connected()
        .getDb()
        .executeSql(
          `select name, count(*)::int as queued, extract(epoch from now() - min(created_on))::float8 as oldest
           from pgboss.job where state < 'active' and name = any ($1) group by name`,
          [[DEAD_LETTERS, ...JOB_NAMES]],
        );
      const found = new Map(rows.map((row) => [String(row.name), row]));
      const queues = JOB_NAMES.map((name) => ({
        name,
        queued: Number(found.get(name)?.queued ?? 0),
        oldestSeconds: Number(found.get(name)?.oldest ?? 0),
      }));
      return {
        queued: queues.reduce((sum, { queued }) => sum + queued, 0),
        failed: Number(found.get(DEAD_LETTERS)?.queued ?? 0),
        oldestSeconds: Math.max(...queues.map(({ oldestSeconds }) => oldestSeconds)),
        queues,
      };
    },

    async check() {
      try {
        await connected().getDb().executeSql("select 1 from pgboss.version");
      } catch (error) {
        throw new AppError("unavailable", "The job queue is not connected.", { cause: error });
      }
    },
  };
}

/** Makes a queue, or gives one that an earlier release made today's settings. */
async function putQueue(
  boss: PgBoss,
  name: string,
  { policy, ...settings }: (typeof JOB_SETTINGS)[JobName] | typeof SCHEDULE_SETTINGS,
): Promise<void> {
  await boss.createQueue(name, { ...settings, ...(policy !== undefined && { policy }) });
  await boss.updateQueue(name, settings);
}
