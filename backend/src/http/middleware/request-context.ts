import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import type { Logger } from "pino";
import type { AuditLog } from "../../adapters/audit/port.ts";
import type { IdempotencyStore } from "../../adapters/idempotency/port.ts";
import type { AppEnv } from "../app-env.ts";
import type { ClientIp } from "../client-ip.ts";
import type { Step } from "../corridor.ts";
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

/** Opens the corridor: names the request, knows where it comes from, and at its end counts and logs what became of it. */
export function requestContext({ log, audit, idempotency, clientIp, errors }: Deps): Step {
  function conclude(c: Context<AppEnv>, startedAt: number): void {
    const { method } = c.req;
    const path = withoutSecrets(c.req.path);
    const { statusCode: status } = c.env.outgoing;
    const { ip, requestId } = c.get("origin");
    if (status >= 400) errors.count(status, c.get("problem") ?? "internal");
    if (status === 429) log.warn({ requestId, method, path, ip }, "Rate Limit");
    if (!writes.has(method) && status < 500) return;
    const ms = Math.round(performance.now() - startedAt);
    log.info({ type: "REQUEST", requestId, method, path, status, ms, ip }, "REQUEST");
  }

  return (c) => {
    const { incoming, outgoing } = c.env;
    const inbound = c.req.header("x-request-id");
    const requestId = inbound && /^[A-Za-z0-9._-]{1,64}$/.test(inbound) ? inbound : randomUUID();
    const ip = clientIp(incoming.socket.remoteAddress, c.req.header("x-forwarded-for"));
    outgoing.setHeader("X-Request-Id", requestId);
    c.set("origin", { ip, client: null, requestId });
    c.set("log", log);
    c.set("audit", audit);
    c.set("idempotency", idempotency);
    c.set("actor", null);
    const startedAt = performance.now();
    outgoing.on("close", () => conclude(c, startedAt));
    return undefined;
  };
}
