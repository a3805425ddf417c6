import { watchSecrets } from "./config/watch-secrets.ts";
import { createDeps } from "./deps.ts";
import { refuseUnsafeDatabase } from "./process/first-start.ts";
import { followSecrets, runUntilStopped } from "./process/lifecycle.ts";
import { listenForMetrics } from "./process/listen.ts";
import { startTracing } from "./process/tracing.ts";

await runUntilStopped(async () => {
  const secrets = await watchSecrets(process.env);
  const config = secrets.current;
  const deps = createDeps(config, { live: secrets, role: "worker", tracing: await startTracing(secrets) });
  followSecrets(secrets, deps.log);
  await refuseUnsafeDatabase(deps);
  await deps.startQueue();
  await deps.startWorker();
  const metrics = await listenForMetrics(deps);
  deps.log.info("worker runs");
  return async () => {
    metrics?.close();
    secrets.stop();
    await deps.close();
  };
});
