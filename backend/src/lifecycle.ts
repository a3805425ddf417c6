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
