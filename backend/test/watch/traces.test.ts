import { beforeEach, describe, expect, test, vi } from "vitest";
import { createLog } from "../../src/adapters/log/log.ts";
import { startTracing } from "../../src/process/tracing.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant, password, uploadFile } from "../harness/client.ts";
import { testDatabase } from "../harness/database.ts";
import { attributeOf, type CollectedSpan, startCollector } from "./collector.ts";

const collector = await startCollector();
const database = await testDatabase();
const headers = "authorization=Bearer%20k3y-of-the-collector";
const env = {
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
  OTEL_EXPORTER_OTLP_HEADERS: headers,
  OTEL_SERVICE_NAME: "coaching-test",
};
const app = await startTestApp({ database, env: { ...env, TRUSTED_PROXIES: "127.0.0.1" } });
const { people, organizationId } = await createTenant(app);
const { org_admin, client } = people;
const patience = { timeout: 20_000, interval: 200 };
const SERVER = 2;

beforeEach(() => {
  collector.spans.length = 0;
});

/** The span of a request, once the batch it is in has arrived. */
const requestSpan = (name: string): Promise<CollectedSpan> =>
  vi.waitFor(() => {
    const span = collector.spans.find((one) => one.kind === SERVER && one.name === name);
    if (!span) throw new Error(`no span ${name}`);
    return span;
  }, patience);

const traceparent = (traceId: string) => `00-${traceId}-00f067aa0ba902b7-01`;
const traceId = () => crypto.randomUUID().replaceAll("-", "");

test("a request is a span by the template of its route, and its statements are parts of it", async () => {
  await call(app, "GET", `/api/v1/organizations/${organizationId}`, { token: client.token });
  const span = await requestSpan("GET /api/v1/organizations/:organizationId");
  expect(attributeOf(span, "http.route")).toBe("/api/v1/organizations/:organizationId");
  expect(attributeOf(span, "http.response.status_code")).toBe(200);
  const parts = collector.spans.filter((one) => one.parentSpanId === span.spanId);
  expect(parts.length).toBeGreaterThan(0);
  for (const part of parts) {
    expect(part.traceId).toBe(span.traceId);
    expect(attributeOf(part, "db.query.text")).toMatch(/\$1/);
  }
  expect([...collector.services]).toEqual(["coaching-test"]);
  expect(collector.requests.at(-1)).toEqual({
    path: "/v1/traces",
    authorization: "Bearer k3y-of-the-collector",
  });
});

test("many requests at once, more than there are connections, keep their statements apart", async () => {
  const ids = Array.from({ length: 40 }, traceId);
  await Promise.all(
    ids.map((id) =>
      call(app, "GET", "/api/v1/me", { token: client.token, headers: { traceparent: traceparent(id) } }),
    ),
  );
  await vi.waitFor(() => {
    const requests = collector.spans.filter((span) => span.kind === SERVER && ids.includes(span.traceId));
    expect(requests).toHaveLength(ids.length);
  }, patience);
  const counts = ids.map(
    (id) => collector.spans.filter((span) => span.traceId === id && span.kind !== SERVER).length,
  );
  expect(new Set(counts).size).toBe(1);
  expect(counts[0]).toBeGreaterThan(0);
});

test("calls of the store and jobs are spans", async () => {
  await uploadFile(app, org_admin.token, Buffer.from("a note"), {
    target: "organizationFile",
    organizationId,
    fileName: "secret-file-name.txt",
    contentType: "text/plain",
  });
  await call(app, "POST", "/api/auth/request-password-reset", { body: { email: client.email } });
  const register = await requestSpan("POST /api/v1/files/register");
  expect(collector.spans).toContainEqual(
    expect.objectContaining({ name: "storage copy", traceId: register.traceId }),
  );
  await vi.waitFor(() => expect(collector.spans.map(({ name }) => name)).toContain("job mail"), patience);
});

test("nothing of people, secrets, paths or values leaves in a span", async () => {
  await call(app, "POST", "/api/auth/sign-in/email", { body: { email: client.email, password } });
  await call(app, "POST", "/api/auth/sign-in/email", { body: { email: client.email, password: "not that" } });
  await call(app, "PATCH", `/api/v1/organizations/${organizationId}?x=canary-query`, {
    token: org_admin.token,
    body: { name: "canary-name" },
  });
  await call(app, "PATCH", `/api/v1/organizations/${organizationId}`, {
    token: org_admin.token,
    body: { name: "canary-name" },
  });
  await call(app, "GET", `/api/v1/invitations/canary-invitation`);
  await call(app, "GET", "/canary-path", {
    headers: { "user-agent": "canary-agent", "x-request-id": "canary-id" },
  });
  await requestSpan("GET unknown");
  const sent = JSON.stringify(collector.spans);
  for (const secret of [
    client.email,
    client.userId,
    client.token.split(".")[0] ?? "",
    password,
    organizationId,
    "canary",
    "127.0.0.1",
    "example.test",
  ])
    expect(sent).not.toContain(secret);
  expect(sent).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
});

test("a refusal is told by its code, and is no failure", async () => {
  await call(app, "GET", "/api/v1/me");
  const refused = await requestSpan("GET /api/v1/me");
  expect(attributeOf(refused, "coaching.problem")).toBe("unauthenticated");
  expect(refused.status.code).not.toBe(2);
});

test("what machines ask every few seconds is no span", async () => {
  for (const path of ["/health", "/health/live", "/health/ready", "/api/health", "/metrics"])
    await call(app, "GET", path);
  await call(app, "GET", "/");
  await requestSpan("GET /");
  const routes = collector.spans.map((span) => String(attributeOf(span, "http.route")));
  expect(routes.filter((route) => /health|metrics/.test(route))).toEqual([]);
});

describe("a trace that a caller names", () => {
  const ask = (on: { url: string }, id: string) =>
    call(on, "GET", "/api/v1/config/public", { headers: { traceparent: traceparent(id) } });

  test("goes on when it comes from a proxy of ours", async () => {
    const id = traceId();
    await ask(app, id);
    const span = await requestSpan("GET /api/v1/config/public");
    expect([span.traceId, span.parentSpanId]).toEqual([id, "00f067aa0ba902b7"]);
  });

  test("is one of our own when it comes from anybody else, or is malformed", async () => {
    const stranger = await startTestApp({ worker: false, database, env });
    const id = traceId();
    await ask(stranger, id);
    expect((await requestSpan("GET /api/v1/config/public")).traceId).not.toBe(id);
    collector.spans.length = 0;
    for (const bad of ["00-0-0-01", `00-${"0".repeat(32)}-00f067aa0ba902b7-01`, "x".repeat(5000)])
      await call(app, "GET", "/api/v1/config/public", { headers: { traceparent: bad } });
    const span = await requestSpan("GET /api/v1/config/public");
    expect(span.parentSpanId ?? "").toBe("");
  });
});

test("lines of the log tell the trace that they belong to", async () => {
  const id = traceId();
  app.logLines.length = 0;
  await call(app, "PATCH", "/api/v1/me", {
    token: client.token,
    body: { name: "Traced" },
    headers: { traceparent: traceparent(id) },
  });
  await vi.waitFor(() => {
    const line = app.logLines.map((text) => JSON.parse(text)).find(({ type }) => type === "REQUEST");
    expect(line?.traceId).toBe(id);
  }, patience);

  const tracing = await startTracing({ current: app.config });
  if (!tracing) throw new Error("no tracing");
  const lines: string[] = [];
  const log = createLog(
    { logLevel: "info" },
    { destination: { write: (line) => void lines.push(line) }, traceId: tracing.traceId },
  );
  const span = tracing.start("anything");
  tracing.within(span, () => log.info("inside"));
  log.info("outside");
  await tracing.stop();
  expect(lines.map((line) => JSON.parse(line).traceId)).toEqual([span.traceId, undefined]);
});

test("a share of nothing traces nothing, but for who has decided already", async () => {
  const rare = await startTestApp({
    worker: false,
    database,
    env: { ...env, OTEL_TRACES_SAMPLER_ARG: "0", TRUSTED_PROXIES: "127.0.0.1" },
  });
  const id = traceId();
  await call(rare, "GET", "/");
  await call(rare, "GET", "/api/v1/config/public", { headers: { traceparent: traceparent(id) } });
  expect((await requestSpan("GET /api/v1/config/public")).traceId).toBe(id);
  expect(collector.spans.map(({ name }) => name)).not.toContain("GET /");
});

test("without a collector every request is answered, and the log says so without its key", async () => {
  const refusing = await startCollector(400);
  const lost = await startTestApp({
    worker: false,
    database,
    env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: refusing.endpoint },
  });
  expect((await call(lost, "GET", "/api/v1/config/public")).status).toBe(200);
  await vi.waitFor(() => expect(lost.logLines.join("")).toContain("traces are lost"), patience);
  expect(lost.logLines.join("")).not.toContain("k3y-of-the-collector");
});

test("where nobody listens, nothing of it is loaded", async () => {
  expect(await startTracing({ current: { ...app.config, traces: undefined } })).toBeUndefined();
});
