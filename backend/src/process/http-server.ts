import type { IncomingMessage, Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { createApp } from "../app.ts";
import type { Deps } from "../deps.ts";
import { answerClientError } from "../http/client-error.ts";

/** A Node server around the application; not listening yet. */
export function createServer(deps: Deps): Server {
  const server = createAdaptorServer({
    fetch: createApp(deps).fetch,
    serverOptions: {
      // Room for a URL over our own limit, so that it can be refused in our own words.
      maxHeaderSize: 32 * 1024,
      headersTimeout: 15_000,
      // Longer than a proxy keeps a connection (nginx: 60 s). Who closes first must be who sends the requests: one that
      // crosses our closing on its way is lost, and a POST is not sent again.
      keepAliveTimeout: 75_000,
      // Node knows one limit for all; ours is below, and spares uploads.
      requestTimeout: 0,
    },
  }) as Server;
  server.on("request", limitReceiving);
  server.on("clientError", answerClientError(deps.config.hsts));
  return server;
}

const receiveMs = 30_000;

/** A body that does not end in time is cut off; uploads to the disk driver have an idle limit of their own instead. */
function limitReceiving(request: IncomingMessage): void {
  const { headers, url } = request;
  if (headers["content-length"] === undefined && headers["transfer-encoding"] === undefined) return;
  if (url?.startsWith("/storage/")) return;
  const timer = setTimeout(() => request.complete || request.destroy(), receiveMs);
  timer.unref();
  request.once("close", () => clearTimeout(timer));
}
