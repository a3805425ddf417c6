import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import type { Logger } from "pino";
import type { AuditLog } from "../../adapters/audit/port.ts";
import type { IdempotencyStore } from "../../adapters/idempotency/port.ts";
import type { AuthFailure, Metrics } from "../../adapters/metrics/port.ts";
import type { ErrorCode } from "../../errors.ts";
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
  readonly metrics: Pick<Metrics, "request" | "authFailure">;
  readonly routeOf: (c: Context<AppEnv>) => string;
}

const writes = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** The caller went before there was an answer; nginx calls it that, too. */
const leftBefore = 499;

/** Opens the corridor: names the request, knows where it comes from, and at its end counts and logs what became of it. */
export function requestContext(deps: Deps): Step {
  const { log, audit, idempotency, clientIp, errors, metrics, routeOf } = deps;

  function count(c: Context<AppEnv>, status: number, ms: number): void {
    const { method } = c.req;
    const route = routeOf(c);
    const answered = c.env.outgoing.headersSent ? status : leftBefore;
    metrics.request({ method, route, status: answered, seconds: ms / 1000 });
    if (status < 400) return;
    const code = c.get("problem") ?? "internal";
    errors.count(status, code);
    const failure = failureOf(code, route);
    if (failure) metrics.authFailure(failure);
  }

  function conclude(c: Context<AppEnv>, startedAt: number): void {
    const { method } = c.req;
    const { statusCode: status } = c.env.outgoing;
    const duration = performance.now() - startedAt;
    count(c, status, duration);
    if (!writes.has(method) && status < 500 && status !== 429) return;
    const path = withoutSecrets(c.req.path);
    const { ip, requestId } = c.get("origin");
    // Written when the request is no more what runs.
    const traceId = c.get("traceId");
    const trace = traceId && { traceId };
    if (status === 429) log.warn({ ...trace, requestId, method, path, ip }, "Rate Limit");
    if (!writes.has(method) && status < 500) return;
    const ms = Math.round(duration);
    log.info({ type: "REQUEST", ...trace, requestId, method, path, status, ms, ip }, "REQUEST");
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

/** A proof that was shown to one of these is a credential; anywhere else it is the token. */
const credentialRoutes = /^\/api\/(auth\/|v1\/me\/step-up$)/;

function failureOf(code: ErrorCode, route: string): AuthFailure | undefined {
  if (code === "account_locked") return "locked";
  if (code === "client_key_required" || code === "client_outdated") return "client_key";
  const isCredential = credentialRoutes.test(route);
  if (code === "unauthenticated") return isCredential ? "credential" : "token";
  return code === "forbidden" && route.endsWith("/step-up") ? "credential" : undefined;
}
