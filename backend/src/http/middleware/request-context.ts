import { randomUUID } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { Logger } from "pino";
import type { AuditLog } from "../../adapters/audit/port.ts";
import type { IdempotencyStore } from "../../adapters/idempotency/port.ts";
import type { AppEnv } from "../app-env.ts";
import type { ClientIp } from "../client-ip.ts";
import type { ErrorCounter } from "../error-counter.ts";
import { withoutSecrets } from "../secret-path.ts";

interface Deps {
  readonly log: Logger;
  readonly audit: AuditLog;
  readonly idempotency: IdempotencyStore;
  readonly clientIp: ClientIp;
  readonly errors: ErrorCounter;
}

const writes = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** Opens the corridor: names the request, knows where it comes from, and afterwards counts and logs what became of it. */
export function requestContext({
  log,
  audit,
  idempotency,
  clientIp,
  errors,
}: Deps): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const inbound = c.req.header("x-request-id");
    const requestId = inbound && /^[A-Za-z0-9._-]{1,64}$/.test(inbound) ? inbound : randomUUID();
    const ip = clientIp(c.env.incoming.socket.remoteAddress, c.req.header("x-forwarded-for"));
    const requestLog = log.child({ requestId });
    c.header("X-Request-Id", requestId);
    c.set("origin", { ip, client: null, requestId });
    c.set("log", requestLog);
    c.set("audit", audit);
    c.set("idempotency", idempotency);
    c.set("actor", null);
    const path = withoutSecrets(c.req.path);
    const start = performance.now();
    await next();
    const status = c.env.outgoing.headersSent ? c.env.outgoing.statusCode : c.res.status;
    if (status >= 400) errors.count(status, c.var.problem ?? "internal");
    if (status === 429) requestLog.warn({ method: c.req.method, path, ip }, "Rate Limit");
    if (!writes.has(c.req.method) && status < 500) return;
    requestLog.info(
      {
        type: "REQUEST",
        method: c.req.method,
        path,
        status,
        ms: Math.round(performance.now() - start),
        ip,
      },
      "REQUEST",
    );
  };
}
