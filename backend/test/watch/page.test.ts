import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, expect, test } from "vitest";
import { listenForMetrics } from "../../src/process/listen.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson } from "../harness/client.ts";
import { METRICS_TOKEN, parsePage, readMetrics, sumOf } from "./metrics.ts";

const app = await startTestApp({ worker: false, env: { METRICS_TOKEN, RATE_LIMIT_MAX: "300" } });
const page = (token?: string, headers?: Record<string, string>) =>
  call(app, "GET", "/metrics", { token, ...(headers && { headers }) });

test("a monitor with the token reads the page of Prometheus, uncached", async () => {
  const { status, headers, text } = await page(METRICS_TOKEN);
  expect(status).toBe(200);
  expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(headers.get("cache-control")).toBe("no-store");
  expect(text).toContain("# TYPE coaching_http_requests_total counter");
  expect(text).toContain("nodejs_eventloop_lag_p99_seconds");
});

test("nobody else does: not without it, not with a person's or nearly the same", async () => {
  const person = await createPerson(app);
  const wrong = [
    undefined,
    person.token,
    `${METRICS_TOKEN}x`,
    METRICS_TOKEN.slice(0, -1),
    "undefined",
    "null",
  ];
  for (const token of wrong) {
    const { status, json, headers } = await page(token);
    expect([status, json?.code, headers.get("www-authenticate")], token).toEqual([
      401,
      "unauthenticated",
      "Bearer",
    ]);
  }
  expect((await page(undefined, { authorization: `Basic ${METRICS_TOKEN}` })).status).toBe(401);
  expect((await call(app, "GET", `/metrics?token=${METRICS_TOKEN}`)).status).toBe(401);
});

test("no web page may read it, however it asks", async () => {
  const origin = new URL(app.config.frontendUrl).origin;
  for (const token of [METRICS_TOKEN, "wrong"]) {
    const { headers } = await page(token, { origin });
    expect(headers.get("access-control-allow-origin")).toBeNull();
  }
  const preflight = await call(app, "OPTIONS", "/metrics", {
    headers: { origin, "access-control-request-method": "GET" },
  });
  expect(preflight.status).toBe(405);
  expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
});

test("it is read only, and in no public document", async () => {
  const written = await call(app, "POST", "/metrics", { token: METRICS_TOKEN, body: {} });
  expect([written.status, written.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  expect((await call(app, "GET", "/api/v1/openapi.json")).text).not.toContain("/metrics");
});

test("the token opens nothing else", async () => {
  for (const path of ["/api/v1/me", "/api/v1/audit-events", "/api/v1/metrics"])
    expect((await call(app, "GET", path, { token: METRICS_TOKEN })).status, path).toBe(401);
});

test("a label is never what a caller sent: a thousand paths and methods are a handful of series", async () => {
  const before = (await readMetrics(app)).length;
  const methods = ["GET", "POST", "PATCH", "PROPFIND", "MKCOL", "LINK", "PURGE"];
  const attempts = Array.from({ length: 1000 }, (_, i) => async () => {
    const path = ["", "/api", "/api/v1", "/storage", "/api/auth"][i % 5];
    const method = methods[i % methods.length] ?? "GET";
    const response = await fetch(`${app.url}${path}/x${i}-${crypto.randomUUID()}?q=${i}`, {
      method,
      headers: { "user-agent": `agent-${i}`, "x-request-id": `request-${i}`, "x-client-key": `key-${i}` },
    });
    await response.arrayBuffer();
  });
  while (attempts.length > 0) await Promise.all(attempts.splice(0, 50).map((attempt) => attempt()));
  const after = await readMetrics(app);
  expect(after.length - before).toBeLessThan(250);
  const routes = new Set(after.flatMap(({ labels }) => (labels.route === undefined ? [] : [labels.route])));
  expect([...routes].filter((route) => /x\d|request-|[0-9a-f]{8}/.test(route))).toEqual([]);
  expect(routes).toContain("unknown");
  const known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
  for (const { labels } of after) if (labels.method) expect(known).toContain(labels.method);
});

test("whoever guesses at the token is counted like everybody else", async () => {
  const statuses: number[] = [];
  for (let i = 0; i < 310; i++) statuses.push((await page("wrong")).status);
  expect(statuses.at(-1)).toBe(429);
  expect((await page(METRICS_TOKEN)).status).toBe(200);
});

test("without a configured token there is no such page", async () => {
  const plain = await startTestApp({ worker: false, database: app.database });
  for (const token of [undefined, METRICS_TOKEN, "undefined"])
    expect((await call(plain, "GET", "/metrics", { token })).status, token).toBe(404);
});

test("a port of its own has the page, and the port of the API has not", async () => {
  const inside = await startTestApp({
    worker: false,
    database: app.database,
    env: { METRICS_TOKEN, METRICS_PORT: "0" },
  });
  const server = await listenForMetrics(inside.deps);
  if (!server) throw new Error("no port of its own");
  afterAll(async () => {
    server.close();
    await once(server, "close");
  });
  const own = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  expect((await call(inside, "GET", "/metrics", { token: METRICS_TOKEN })).status).toBe(404);
  const read = await call(own, "GET", "/metrics", { token: METRICS_TOKEN });
  expect(read.status).toBe(200);
  expect(sumOf(parsePage(read.text), "coaching_database_up")).toBe(1);
  expect((await call(own, "GET", "/metrics")).status).toBe(401);
  expect((await call(own, "GET", "/metrics", { token: "wrong" })).status).toBe(401);
  for (const path of ["/", "/health", "/api/v1/me", "/metrics/x"])
    expect((await call(own, "GET", path, { token: METRICS_TOKEN })).status, path).toBe(404);
});
