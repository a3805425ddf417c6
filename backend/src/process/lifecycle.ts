import type { Logger } from "pino";
import type { SecretWatch } from "../config/watch-secrets.ts";

/** Undoes a start. */
export type Stop = () => Promise<void>;

/**
 * Runs a process: start, then wait for SIGINT or SIGTERM, then stop. A second signal ends it at once; so does a stop
 * that takes longer than half a minute.
 */
export async function runUntilStopped(start: () => Promise<Stop>): Promise<void> {
  let stop: Stop;
  try {
    stop = await start();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      setTimeout(() => process.exit(1), 30_000).unref();
      stop().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
}

/** Takes changed secret files within seconds, and at once on SIGHUP. */
export function followSecrets(secrets: SecretWatch, log: Logger): void {
  secrets.start(log);
  process.on(
    "SIGHUP",
    () => void secrets.refresh().catch((err) => log.warn({ err }, "secrets not looked at")),
  );
}
