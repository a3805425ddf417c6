import { parseEnv } from "./config/parse-env.ts";
import { createDeps } from "./deps.ts";
import { refuseUnsafeDatabase } from "./first-start.ts";
import { runUntilStopped } from "./lifecycle.ts";

await runUntilStopped(async () => {
  const deps = createDeps(parseEnv(process.env), { role: "worker" });
  await refuseUnsafeDatabase(deps);
  await deps.startQueue();
  await deps.startWorker();
  deps.log.info("worker runs");
  return () => deps.close();
});
