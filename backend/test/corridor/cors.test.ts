import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";

const origins = ["https://app.example.test", "https://admin.example.test:8443"];
const app = await startTestApp({ worker: false, env: { CORS_ORIGIN: origins.join(",") } });

const exposed =
  "set-auth-token, X-Request-Id, ETag, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, RateLimit-Policy, Idempotency-Replayed, Content-Disposition, Accept-Ranges, Content-Range";
const allowed =
  "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Range, X-Client-Key, X-Request-Id, X-Two-Factor-Challenge, X-Trust-Device";
const set = (list: string | null) => new Set(list?.split(",").map((name) => name.trim().toLowerCase()));

test.each(origins)("%s may read answers of every status, without credentials", async (origin) => {
  for (const path of ["/health", "/api/v1/me", "/api/nothing", "/api/auth/get-session"]) {
    const { headers } = await call(app, "GET", path, { headers: { origin } });
    expect(headers.get("access-control-allow-origin"), path).toBe(origin);
    expect(headers.get("access-control-allow-credentials"), path).toBeNull();
    expect(set(headers.get("access-control-expose-headers")), path).toEqual(set(exposed));
    expect(set(headers.get("vary")), path).toContain("origin");
  }
});

test.each(origins)("a preflight of %s is answered once for ten minutes, without a token", async (origin) => {
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
    const { status, headers, text } = await call(app, "OPTIONS", "/api/v1/organizations", {
      headers: {
        origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,content-type",
      },
    });
    expect([status, text]).toEqual([204, ""]);
    expect(headers.get("access-control-allow-origin")).toBe(origin);
    expect(headers.get("access-control-max-age")).toBe("600");
    expect(set(headers.get("access-control-allow-headers"))).toEqual(set(allowed));
    expect(set(headers.get("access-control-allow-methods"))).toContain(method.toLowerCase());
    expect(headers.get("access-control-allow-credentials")).toBeNull();
    expect(set(headers.get("vary"))).toContain("origin");
  }
});

test.each([
  "https://evil.example",
  "https://app.example.test.evil.example",
  "https://evil-app.example.test",
  "http://app.example.test",
  "https://app.example.test:444",
  "https://APP.example.test",
  "null",
])("the foreign origin %s gets no CORS header", async (origin) => {
  for (const [method, extra] of [
    ["GET", {}],
    ["OPTIONS", { "access-control-request-method": "GET" }],
  ] as const) {
    const { headers } = await call(app, method, "/api/v1/me", { headers: { origin, ...extra } });
    expect([...headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
    expect(set(headers.get("vary"))).toContain("origin");
  }
});
