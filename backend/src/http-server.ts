import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { createApp } from "./app.ts";
import type { Deps } from "./deps.ts";
import { answerClientError } from "./http/client-error.ts";

/** A Node server around the application; not listening yet. */
export function createServer(deps: Deps): Server {
  const server = createAdaptorServer({
    fetch: createApp(deps).fetch,
    serverOptions: {
      // Room for a URL over our own limit, so that it can be refused in our own words.
      maxHeaderSize: 32 * 1024,
      headersTimeout: 15_000,
      // Uploads to the disk driver may take long; idle ones are cut by the driver.
      requestTimeout: 0,
    },
  }) as Server;
  server.on("clientError", answerClientError(deps.config.hsts));
  return server;
}
