import { parseEnv } from "./config/parse-env.ts";
import { createDeps } from "./deps.ts";
import { refuseUnsafeDatabase } from "./first-start.ts";
import { runUntilStopped } from "./lifecycle.ts";
import { listenForMetrics } from "./listen.ts";

await runUntilStopped(async () => {
  const deps = createDeps(parseEnv(process.env), { role: "worker" });
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
