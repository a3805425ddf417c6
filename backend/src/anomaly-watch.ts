import type { Logger } from "pino";
import type { AuditLog } from "./adapters/audit/port.ts";
import type { LimiterPort } from "./adapters/limiter/port.ts";
import type { Metrics } from "./adapters/metrics/port.ts";
import type { QueuePort } from "./adapters/queue/port.ts";
import { createReadCounter } from "./adapters/reads/counter.ts";
import { createEndedSessions } from "./auth/ended-sessions.ts";
import type { Config } from "./config/config.ts";
import type { Database } from "./db/client.ts";
import { createAnomalyDetection } from "./features/anomalies/anomalies.jobs.ts";
import { rules } from "./features/anomalies/anomalies.rules.ts";
import { fingerprintOf } from "./features/sign-in/sign-in.devices.ts";

interface Deps {
  readonly db: Database;
  /** For what runs beside the requests. */
  readonly jobsDb: Database;
  readonly audit: AuditLog;
  readonly queue: QueuePort;
  readonly limiter: LimiterPort;
  readonly log: Logger;
  readonly config: Pick<Config, "frontendUrl">;
  readonly metrics: Pick<Metrics, "anomalies">;
}

/** Puts together what notices anomalies, and what judges them. */
export function createAnomalyWatch({ db, jobsDb, audit, queue, limiter, log, config, metrics }: Deps) {
  // Known from the start: a monitor sees a counter grow, but not where it came from when it was not there before.
  for (const { name } of rules) metrics.anomalies(name, 0);
  return {
    reads: createReadCounter({ db: jobsDb, log }),
    endedSessions: createEndedSessions({ db, audit, limiter, log, fingerprintOf }),
    detection: createAnomalyDetection({
      db: jobsDb,
      audit,
      queue,
      frontendUrl: config.frontendUrl,
      onFinding(rule) {
        metrics.anomalies(rule, 1);
        log.warn({ rule }, "anomaly detected");
      },
    }),
  };
}
