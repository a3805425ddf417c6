import { createServer, type Server } from "node:http";
import type { Metrics } from "../adapters/metrics/port.ts";
import { createTokenCheck, type NewestTokens } from "../http/middleware/metrics-token.ts";

/** `GET /metrics` and nothing else, for a port that only a monitor reaches; a worker has no other. Not listening yet. */
export function createMetricsServer(tokens: NewestTokens, metrics: Pick<Metrics, "read">): Server {
  const isToken = createTokenCheck(tokens);
  return createServer({ headersTimeout: 5000, requestTimeout: 5000 }, async (request, response) => {
    const isPage = request.url === "/metrics" && (request.method === "GET" || request.method === "HEAD");
    if (!isPage) return void response.writeHead(404).end();
    if (!isToken(request.headers.authorization))
      return void response.writeHead(401, { "WWW-Authenticate": "Bearer" }).end();
    const page = await metrics.read().catch(() => null);
    if (!page) return void response.writeHead(500).end();
    response.writeHead(200, { "Content-Type": page.contentType, "Cache-Control": "no-store" }).end(page.text);
  });
}
