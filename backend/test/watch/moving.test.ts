import { expect, test, vi } from "vitest";
import { startTestApp, type TestApp } from "../harness/app.ts";
import { call, createTenant, password, uploadFile } from "../harness/client.ts";
import { METRICS_TOKEN, readMetrics, sumOf } from "./metrics.ts";

const app = await startTestApp({ env: { METRICS_TOKEN, AUTH_RATE_LIMIT_MAX: "60" } });
const { people, organizationId } = await createTenant(app);
const { org_admin, client } = people;

/** By how much a metric grew while something was done: it is counted when the answer has ended. */
async function expectGrowth(
  metric: [name: string, labels?: Record<string, string>],
  growth: number,
  work: () => Promise<unknown>,
  on: TestApp = app,
): Promise<void> {
  const read = async () => sumOf(await readMetrics(on), ...metric) ?? 0;
  const before = await read();
  await work();
  await vi.waitFor(async () => expect((await read()) - before).toBe(growth), {
    timeout: 15_000,
    interval: 100,
  });
}

const signIn = (email: string, secret: string) =>
  call(app, "POST", "/api/auth/sign-in/email", { body: { email, password: secret } });
const requests = "coaching_http_requests_total";

test("requests count by the template of their route, both bases as one", () =>
  expectGrowth(
    [requests, { route: "/api/v1/organizations/:organizationId", method: "GET", status: "200" }],
    2,
    async () => {
      await call(app, "GET", `/api/v1/organizations/${organizationId}`, { token: org_admin.token });
      await call(app, "GET", `/api/organizations/${organizationId}`, { token: client.token });
    },
  ));

test("how long they took is known by route", () =>
  expectGrowth(["coaching_http_request_duration_seconds_count", { route: "/api/v1/me" }], 3, async () => {
    for (let i = 0; i < 3; i++) await call(app, "GET", "/api/v1/me", { token: client.token });
  }));

test("refusals count under the route that was asked for: 401, 403, 404 and 405", async () => {
  const route = "/api/v1/organizations/:organizationId";
  const path = `/api/v1/organizations/${organizationId}`;
  await expectGrowth([requests, { route, status: "401" }], 1, () => call(app, "GET", path));
  await expectGrowth([requests, { route, method: "PATCH", status: "403" }], 1, () =>
    call(app, "PATCH", path, { token: client.token, body: { name: "Mine" } }),
  );
  await expectGrowth([requests, { route, status: "404" }], 1, () =>
    call(app, "GET", `/api/v1/organizations/${crypto.randomUUID()}`, { token: client.token }),
  );
  await expectGrowth([requests, { route: "unknown", status: "405" }], 1, () =>
    call(app, "PUT", "/api/v1/me", { token: client.token, body: {} }),
  );
  await expectGrowth(["coaching_problems_total", { code: "forbidden" }], 1, () =>
    call(app, "DELETE", path, { token: client.token }),
  );
});

test("a wrong password, a lock, and a token that is none are failures of sign-in, each of its kind", async () => {
  const failures = "coaching_auth_failures_total";
  await expectGrowth([failures, { kind: "credential" }], 1, () => signIn(client.email, "not the password"));
  await expectGrowth([failures, { kind: "credential" }], 0, () => signIn(client.email, password));
  await expectGrowth([failures, { kind: "token" }], 2, async () => {
    await call(app, "GET", "/api/v1/me", { token: "none.at.all" });
    await call(app, "GET", "/api/v1/me");
  });
  await expectGrowth([failures, { kind: "locked" }], 1, async () => {
    for (let i = 0; i < 11; i++) await signIn("locked@example.test", "not the password");
  });
});

test("a step-up with a wrong password is one, too", () =>
  expectGrowth(["coaching_auth_failures_total", { kind: "credential" }], 1, () =>
    call(app, "POST", "/api/v1/me/step-up", { token: client.token, body: { password: "not the password" } }),
  ));

test("what alerts ask for is there before it happens: the first failure of a kind has grown from nothing", async () => {
  await uploadFile(app, org_admin.token, Buffer.from("a note"), {
    target: "organizationFile",
    organizationId,
    fileName: "note.txt",
    contentType: "text/plain",
  });
  const samples = await readMetrics(app);
  const route = "/api/v1/files/register";
  expect(sumOf(samples, requests, { method: "POST", route, status: "201" })).toBeGreaterThan(0);
  for (const status of ["500", "503"])
    expect(sumOf(samples, requests, { method: "POST", route, status })).toBe(0);
  for (const kind of ["credential", "token", "client_key", "locked"])
    expect(sumOf(samples, "coaching_auth_failures_total", { kind })).toBeDefined();
  expect(sumOf(samples, "coaching_mails_total", { result: "failed" })).toBe(0);
  expect(
    sumOf(samples, "coaching_storage_duration_seconds_count", { operation: "copy", result: "failed" }),
  ).toBe(0);
});

test("a limit that is used up counts as 429", () =>
  expectGrowth([requests, { route: "/api/auth/sign-in/email", status: "429" }], 5, async () => {
    const empty = () => call(app, "POST", "/api/auth/sign-in/email", { body: {} });
    while ((await empty()).status !== 429);
    for (let i = 0; i < 4; i++) await empty();
  }));

test("what the store takes is known by operation", async () => {
  const metric = "coaching_storage_duration_seconds_count";
  await expectGrowth([metric, { operation: "copy", result: "ok" }], 1, () =>
    uploadFile(app, org_admin.token, Buffer.from("a note"), {
      target: "organizationFile",
      organizationId,
      fileName: "note.txt",
      contentType: "text/plain",
    }),
  );
});

test("jobs and the mails that they send are counted", async () => {
  await expectGrowth(["coaching_mails_total", { result: "ok" }], 1, () =>
    call(app, "POST", "/api/auth/request-password-reset", { body: { email: org_admin.email } }),
  );
  expect(sumOf(await readMetrics(app), "coaching_jobs_total", { job: "mail", result: "ok" })).toBeGreaterThan(
    0,
  );
});

test("connections are known by pool", async () => {
  const samples = await readMetrics(app);
  expect(sumOf(samples, "coaching_database_pool_connections", { pool: "requests" })).toBeGreaterThan(0);
  expect(sumOf(samples, "coaching_database_pool_waiting", { pool: "requests" })).toBe(0);
  expect(sumOf(samples, "coaching_database_pool_waits_total", { pool: "requests" })).toBeGreaterThan(0);
  expect(sumOf(samples, "coaching_database_pool_wait_seconds_total", { pool: "requests" })).toBeGreaterThan(
    0,
  );
});

test("nothing on the page tells of a person, an address or an id", async () => {
  const { text } = await call(app, "GET", "/metrics", { token: METRICS_TOKEN });
  for (const secret of [
    client.email,
    client.userId,
    org_admin.token,
    organizationId,
    "127.0.0.1",
    "example.test",
  ])
    expect(text).not.toContain(secret);
  expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
});
