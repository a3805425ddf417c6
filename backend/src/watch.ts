import type { Logger } from "pino";
import { createQuietErrors } from "./adapters/log/quiet-errors.ts";
import type { MailPort } from "./adapters/mail/port.ts";
import { addGathered } from "./adapters/metrics/gathered.ts";
import { createMetrics, observed } from "./adapters/metrics/metrics.ts";
import { watchedHandlers, watchedSchedules } from "./adapters/metrics/watched-jobs.ts";
import { watchedStorage } from "./adapters/metrics/watched-storage.ts";
import type { Queue } from "./adapters/queue/pg-boss.ts";
import type { JobHandlers, Schedule } from "./adapters/queue/port.ts";
import type { Storage } from "./adapters/storage/create.ts";
import { type Tracing, traced } from "./adapters/tracing/port.ts";
import { lastBackup } from "./backup/record.ts";
import type { Config } from "./config/config.ts";
import type { DatabaseClient } from "./db/client.ts";
import type { ErrorCounter } from "./http/error-counter.ts";

interface Gathered {
  readonly database: DatabaseClient;
  readonly jobsDatabase: DatabaseClient;
  readonly queue: Queue;
  readonly errors: ErrorCounter;
}

/** What tells an operator how this process fares, and the ports through which it looks at the rest. */
export function createWatch(
  { metricsTokens }: Pick<Config, "metricsTokens">,
  log: Pick<Logger, "error">,
  tracing?: Tracing,
) {
  tracing?.onFailure(createQuietErrors(log, "traces are lost: the collector did not take them"));
  const { registry, ...metrics } = createMetrics({ ofProcess: metricsTokens.length > 0 });
  const job = (name: string, run: () => Promise<void>) =>
    observed(
      () => traced(tracing, `job ${name}`, run),
      (result) => metrics.job(name, result),
    );
  return {
    metrics,
    /** Adds what is looked up when it is read. */
    gather: ({ database, jobsDatabase, queue, errors }: Gathered) =>
      addGathered(registry, {
        pools: { requests: database.poolState, jobs: jobsDatabase.poolState },
        problems: () => errors.stats().byCode,
        queue: () => queue.stats(),
        lastBackup: () => lastBackup(database),
      }),
    storage: (storage: Storage): Storage =>
      watchedStorage(storage, (operation, call) =>
        observed(
          () => traced(tracing, `storage ${operation}`, call),
          (result, seconds) => metrics.storage(operation, result, seconds),
        ),
      ),
    mail: (mail: MailPort): MailPort => ({
      ...mail,
      send: (message) => observed(() => mail.send(message), metrics.mail),
    }),
    handlers: (handlers: JobHandlers): JobHandlers => watchedHandlers(handlers, job),
    schedules: (schedules: readonly Schedule[]): Schedule[] => watchedSchedules(schedules, job),
  };
}
