import type { Server } from "node:http";
import { parseEnv } from "./config/parse-env.ts";
import { createDeps } from "./deps.ts";
import { checkSignedUrls, prepareFirstStart, refuseUnsafeDatabase } from "./first-start.ts";
import { createServer } from "./http-server.ts";
import { runUntilStopped } from "./lifecycle.ts";

await runUntilStopped(async () => {
  const config = parseEnv(process.env);
  const deps = createDeps(config);
  await refuseUnsafeDatabase(deps);
  await deps.startQueue();
  await prepareFirstStart(deps);
  if (config.worker) await deps.startWorker();
  const server = createServer(deps);
  await listen(server, config);
  deps.log.info({ host: config.host, port: config.port, version: config.version }, "listening");
  void checkSignedUrls(deps);
  return async () => {
    await closeServer(server);
    await deps.close();
  };
});

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE" ? new Error(`Port ${port} is taken: set PORT to another one`) : error,
      ),
    );
    server.listen(port, host, resolve);
  });
}

/** Takes no more connections, lets running requests finish for a while, and then cuts what is left. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 20_000).unref();
  });
}
