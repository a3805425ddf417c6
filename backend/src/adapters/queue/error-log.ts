import type { Logger } from "pino";

const QUIET_MS = 10_000;

/**
 * Logs errors of the queue's own machinery. Every worker polls, so a database that is away means many errors a
 * second: one line in ten seconds says it, with the number of those left out.
 */
export function createErrorLog(
  log: Pick<Logger, "error">,
  now: () => number = () => performance.now(),
): (error: Error & { code?: string }) => void {
  let quietUntil = Number.NEGATIVE_INFINITY;
  let leftOut = 0;
  return ({ code, message }) => {
    if (now() < quietUntil) {
      leftOut++;
      return;
    }
    log.error({ code, reason: message, leftOut }, "queue error");
    quietUntil = now() + QUIET_MS;
    leftOut = 0;
  };
}
