import type { Logger } from "pino";

const QUIET_MS = 10_000;

/**
 * Logs errors of a machinery that goes on trying: something that is away means many errors a second, and one line in
 * ten seconds says it, with the number of those left out.
 */
export function createQuietErrors(
  log: Pick<Logger, "error">,
  message: string,
  now: () => number = () => performance.now(),
): (error: Error & { code?: string }) => void {
  let quietUntil = Number.NEGATIVE_INFINITY;
  let leftOut = 0;
  return ({ code, message: reason }) => {
    if (now() < quietUntil) {
      leftOut++;
      return;
    }
    log.error({ code, reason, leftOut }, message);
    quietUntil = now() + QUIET_MS;
    leftOut = 0;
  };
}
