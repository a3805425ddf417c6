import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterAll } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { createDeps } from "../../src/deps.ts";
import { createServer } from "../../src/process/http-server.ts";
import type { TestApp } from "../harness/app.ts";

/**
 * Another server on the data of `app`, with settings that no environment of a test may have. Closed by itself after
 * the file's last test.
 */
export async function serveConfigured(app: TestApp, change: Partial<Config>): Promise<{ url: string }> {
  const deps = createDeps({ ...app.config, ...change }, { log: pino({ level: "silent" }) });
  await deps.startQueue();
  const server = createServer(deps);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await deps.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
