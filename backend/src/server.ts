import { watchSecrets } from "./config/watch-secrets.ts";
import { createDeps } from "./deps.ts";
import { drainable } from "./process/drain.ts";
import { checkSignedUrls, prepareFirstStart, refuseUnsafeDatabase } from "./process/first-start.ts";
import { createServer } from "./process/http-server.ts";
import { followSecrets, runUntilStopped } from "./process/lifecycle.ts";
import { listen, listenForMetrics } from "./process/listen.ts";
import { startTracing } from "./process/tracing.ts";

await runUntilStopped(async () => {
  const secrets = await watchSecrets(process.env);
  const config = secrets.current;
  const deps = createDeps(config, { live: secrets, tracing: await startTracing(secrets) });
  followSecrets(secrets, deps.log);
  await refuseUnsafeDatabase(deps);
  await deps.startQueue();
  await prepareFirstStart(deps);
  if (config.worker) await deps.startWorker();
  const server = createServer(deps);
  // Whoever develops has no proxy, and waits for the restart.
  const drain = drainable(server, config.mode === "development" ? { idleMs: 0 } : {});
  const metrics = await listenForMetrics(deps);
  await listen(server, config);
  deps.log.info({ host: config.host, port: config.port, version: config.version }, "listening");
  void checkSignedUrls(deps);
  return async () => {
    deps.log.info("stopping");
    await drain();
    metrics?.close();
    secrets.stop();
    await deps.close();
  };
});
