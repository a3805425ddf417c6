import type { Context, MiddlewareHandler } from "hono";
import type { Tracing } from "../../adapters/tracing/port.ts";
import type { AppEnv } from "../app-env.ts";

interface Options {
  readonly tracing: Tracing;
  readonly routeOf: (c: Context<AppEnv>) => string;
  /** Whose `traceparent` is believed: anybody else's could force traces, or join a stranger's. */
  readonly isTrustedPeer: (socketAddress: string | undefined) => boolean;
}

/** Asked every few seconds by machines. */
const unasked = /^\/(metrics|health(\/.*)?|api(\/v1)?\/health)$/;

/** One span for each request, named by its route: no path, no query, no header, nobody. */
export function traceRequests({ tracing, routeOf, isTrustedPeer }: Options): MiddlewareHandler<AppEnv> {
  return (c, next) => {
    if (unasked.test(c.req.path)) return next();
    const { incoming, outgoing } = c.env;
    const trusted = isTrustedPeer(incoming.socket.remoteAddress);
    const span = tracing.request(trusted ? c.req.header("traceparent") : undefined);
    c.set("traceId", span.traceId);
    outgoing.once("close", () => {
      const route = routeOf(c);
      const { statusCode: status } = outgoing;
      const code = c.get("problem");
      span.end({
        name: `${c.req.method} ${route}`,
        attributes: {
          "http.request.method": c.req.method,
          "http.route": route,
          "http.response.status_code": status,
          ...(code && { "coaching.problem": code }),
        },
        ...(status >= 500 && { failure: code ?? "internal" }),
      });
    });
    return tracing.within(span, next);
  };
}
