import type { Step } from "../corridor.ts";

const exposed = [
  "set-auth-token",
  "X-Request-Id",
  "ETag",
  "Location",
  "Retry-After",
  "RateLimit-Limit",
  "RateLimit-Remaining",
  "RateLimit-Reset",
  "RateLimit-Policy",
  "Idempotency-Replayed",
  "Content-Disposition",
  "Accept-Ranges",
  "Content-Range",
].join(", ");

const allowed = [
  "Authorization",
  "Content-Type",
  "Idempotency-Key",
  "If-Match",
  "If-None-Match",
  "Range",
  "X-Client-Key",
  "X-Request-Id",
  "X-Two-Factor-Challenge",
  "X-Trust-Device",
].join(", ");

/**
 * Exact origins, no credentials: the token travels in a header, so there is nothing ambient for a page to ride on.
 * A foreign origin gets no CORS header at all.
 */
export function cors(origins: readonly string[]): Step {
  const known = new Set(origins);
  return (c) => {
    const { outgoing } = c.env;
    outgoing.setHeader("Vary", "Origin");
    const origin = c.req.header("origin");
    const isPreflight =
      c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined;
    if (origin === undefined || !known.has(origin)) return isPreflight ? c.body(null, 204) : undefined;
    outgoing.setHeader("Access-Control-Allow-Origin", origin);
    outgoing.setHeader("Access-Control-Expose-Headers", exposed);
    if (!isPreflight) return undefined;
    outgoing.setHeader("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
    outgoing.setHeader("Access-Control-Allow-Headers", allowed);
    outgoing.setHeader("Access-Control-Max-Age", "600");
    return c.body(null, 204);
  };
}
