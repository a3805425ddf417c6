import type { Server } from "node:http";
import type { Deps } from "../deps.ts";
import { createMetricsServer } from "./metrics-server.ts";

/** @throws when the port is taken, with what to do about it */
export function listen(
  server: Server,
  { host, port, variable = "PORT" }: { host: string; port: number; variable?: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new Error(`Port ${port} is taken: set ${variable} to another one`)
          : error,
      ),
    );
    server.listen(port, host, resolve);
  });
}

/** Opens the port of its own that metrics may have. */
export async function listenForMetrics({
  config,
  live,
  metrics,
}: Pick<Deps, "config" | "live" | "metrics">): Promise<Server | undefined> {
  const { metricsPort: port, host } = config;
  if (port === undefined) return undefined;
  const server = createMetricsServer(() => live.current.metricsTokens, metrics);
  await listen(server, { host, port, variable: "METRICS_PORT" });
  return server;
}
