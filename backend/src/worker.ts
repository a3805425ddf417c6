import { parseEnv } from "./config/parse-env.ts";
import { createDeps } from "./deps.ts";
import { refuseUnsafeDatabase } from "./first-start.ts";
import { runUntilStopped } from "./lifecycle.ts";
import { listenForMetrics } from "./listen.ts";
import { startTracing } from "./tracing.ts";

await runUntilStopped(async () => {
  const config = parseEnv(process.env);
  const deps = createDeps(config, { role: "worker", tracing: await startTracing(config) });
  await refuseUnsafeDatabase(deps);
  await deps.startQueue();
  await deps.startWorker();
  const metrics = await listenForMetrics(deps);
  deps.log.info("worker runs");
  return async () => {
    metrics?.close();
    await deps.close();
  };
});
