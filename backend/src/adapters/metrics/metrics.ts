import { Counter, collectDefaultMetrics, Histogram, Registry } from "prom-client";
import type { AuthFailure, Metrics, Result } from "./port.ts";

const knownMethods: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

/** Statuses by which a server says that it failed. */
const failures = [500, 503];
const authFailureKinds: readonly AuthFailure[] = ["credential", "token", "client_key", "locked"];

/**
 * Counts in a registry of its own: routes are templates, methods and all other labels come from lists in our source.
 *
 * @param ofProcess with memory, CPU and event loop of this process
 */
export function createMetrics({ ofProcess }: { readonly ofProcess: boolean }): Metrics & {
  readonly registry: Registry;
} {
  const registry = new Registry();
  const registers = [registry];
  if (ofProcess) collectDefaultMetrics({ register: registry });

  const requests = new Counter({
    name: "coaching_http_requests_total",
    help: "Requests answered; 499 is a caller that left before",
    labelNames: ["method", "route", "status"],
    registers,
  });
  const durations = new Histogram({
    name: "coaching_http_request_duration_seconds",
    help: "Time from the request's head to the end of its answer, downloads included",
    labelNames: ["method", "route"],
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    registers,
  });
  const authFailures = new Counter({
    name: "coaching_auth_failures_total",
    help: "Refused proofs of who is calling",
    labelNames: ["kind"],
    registers,
  });
  const limiterFallbacks = new Counter({
    name: "coaching_limiter_fallbacks_total",
    help: "Limits that this process counted alone because Redis did not answer",
    registers,
  });
  const mails = new Counter({
    name: "coaching_mails_total",
    help: "Attempts to hand a mail over",
    labelNames: ["result"],
    registers,
  });
  const jobs = new Counter({
    name: "coaching_jobs_total",
    help: "Runs of jobs and schedules; a failed one may be tried again",
    labelNames: ["job", "result"],
    registers,
  });
  const anomalies = new Counter({
    name: "coaching_anomalies_total",
    help: "What the rules over the audit log found",
    labelNames: ["rule"],
    registers,
  });
  const storage = new Histogram({
    name: "coaching_storage_duration_seconds",
    help: "Calls of the file store, to the first byte",
    labelNames: ["operation", "result"],
    buckets: [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
    registers,
  });

  // A counter that is born with its first failure has not grown, as Prometheus sees it, and no alert is told of that one:
  // what alerts ask for begins at nothing.
  for (const kind of authFailureKinds) authFailures.inc({ kind }, 0);
  mails.inc({ result: "failed" }, 0);
  const begun = new Set<string>();
  const atFirst = (key: string, begin: () => void): void => {
    if (begun.has(key)) return;
    begun.add(key);
    begin();
  };

  return {
    registry,
    request({ method, route, status, seconds }) {
      const known = knownMethods.has(method) ? method : "other";
      atFirst(`${known} ${route}`, () => {
        for (const failure of failures) requests.inc({ method: known, route, status: failure }, 0);
      });
      requests.inc({ method: known, route, status });
      durations.observe({ method: known, route }, seconds);
    },
    authFailure: (kind) => authFailures.inc({ kind }),
    limiterFallback: () => limiterFallbacks.inc(),
    mail: (result) => mails.inc({ result }),
    anomalies: (rule, count) => anomalies.inc({ rule }, count),
    job: (job, result) => jobs.inc({ job, result }),
    storage(operation, result, seconds) {
      atFirst(`store ${operation}`, () => storage.zero({ operation, result: "failed" }));
      storage.observe({ operation, result }, seconds);
    },
    read: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

/** Runs `work` and says how it ended, and after how many seconds. */
export async function observed<T>(
  work: () => Promise<T>,
  tell: (result: Result, seconds: number) => void,
): Promise<T> {
  const startedAt = performance.now();
  let result: Result = "failed";
  try {
    const value = await work();
    result = "ok";
    return value;
  } finally {
    tell(result, (performance.now() - startedAt) / 1000);
  }
}
