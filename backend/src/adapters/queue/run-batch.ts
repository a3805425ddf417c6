import type { Job, JobResult } from "pg-boss";
import type { Logger } from "pino";
import { AppError } from "../../errors.ts";

/** Failures that the same data would meet again; they go to the dead letters without a retry. */
const PERMANENT: readonly string[] = ["validation_failed", "unprocessable"];

/**
 * Why a job failed, without its data: an error of the database layer carries the values of its query in its
 * message, the error below it does not.
 */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  return error.cause instanceof Error ? reasonOf(error.cause) : `${error.name}: ${error.message}`;
}

const framesOf = (error: unknown): string[] =>
  error instanceof Error ? (error.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? []) : [];

/** Runs jobs side by side; what becomes of one does not touch the others. Logs their names, never their data. */
export async function runBatch<T>(
  jobs: readonly Job<T>[],
  handle: (data: T, attempt: number) => Promise<void>,
  log: Pick<Logger, "error">,
): Promise<JobResult[]> {
  return await Promise.all(
    jobs.map(async ({ id, name, data, retryCount }): Promise<JobResult> => {
      const attempt = retryCount + 1;
      try {
        await handle(data, attempt);
        return { id, status: "completed" };
      } catch (error) {
        const reason = reasonOf(error);
        const permanent = error instanceof AppError && PERMANENT.includes(error.code);
        log.error({ job: name, jobId: id, attempt, permanent, reason, at: framesOf(error) }, "job failed");
        return { id, status: permanent ? "deadletter" : "failed", output: { reason } };
      }
    }),
  );
}
