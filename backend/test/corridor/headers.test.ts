import { connect } from "node:net";
import { expect, test } from "vitest";
import { raw } from "../access-matrix/wire.ts";
import { createWorld } from "../access-matrix/world.ts";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { headerFlaws } from "./headers.ts";

const app = await startTestApp({ worker: false });
const world = await createWorld(app);
const { token } = world.here.people.org_admin;
const organization = "/api/v1/organizations/{mine}";

test.each([
  [200, "GET", "/", {}],
  [200, "GET", "/health", {}],
  [200, "GET", "/health/ready", {}],
  [200, "GET", "/api/v1/openapi.json", {}],
  [200, "GET", "/api/v1/me", { token }],
  [200, "HEAD", "/api/v1/me", { token }],
  [201, "POST", "/api/v1/organizations", { token, body: { name: "H", slug: "headers" } }],
  [304, "GET", organization, { token, headers: { "if-none-match": "*" } }],
  [400, "PATCH", "/api/v1/me", { token, body: "{" }],
  [401, "GET", "/api/v1/me", {}],
  [401, "POST", "/api/auth/sign-in/email", { body: { email: "nobody@example.test", password: "no such" } }],
  [200, "GET", "/api/auth/get-session", { token }],
  [403, "GET", "/api/v1/organizations", { token }],
  [404, "GET", "/nothing", {}],
  [404, "GET", "/api/nothing", { token }],
  [403, "GET", "/storage/nothing", {}],
  [405, "PUT", "/health", {}],
  [412, "PATCH", organization, { token, headers: { "if-match": '"v99"' }, body: { name: "N" } }],
  [413, "PATCH", "/api/v1/me", { token, body: { name: "x".repeat(1_100_000) } }],
  [414, "GET", `/health?${"x".repeat(8300)}`, {}],
  [415, "PATCH", "/api/v1/me", { token, body: "{}", headers: { "content-type": "text/plain" } }],
  [
    204,
    "OPTIONS",
    "/api/v1/me",
    {
      headers: { origin: "http://localhost:5173", "access-control-request-method": "GET" },
    },
  ],
] as const)(
  "a %i of %s %s carries every security header and none that tells of the server",
  async (status, method, path, init) => {
    const answer = await call(app, method, path.replace("{mine}", world.here.organizationId), init);
    expect(answer.status).toBe(status);
    expect(headerFlaws((name) => answer.headers.get(name))).toEqual([]);
    if ("token" in init) expect(answer.headers.get("cache-control")).toBe("no-store");
  },
);

test("a stream carries them too, with its own sandboxed policy, whole, in part and not at all", async () => {
  const path = `/api/v1/files/${world.here.files.organizationFile}/stream`;
  const authorization = `Bearer ${token}`;
  const whole = await raw(app.url, { method: "GET", path, headers: { authorization } });
  const etag = String(whole.headers.etag);
  for (const [status, headers] of [
    [200, {}],
    [206, { range: "bytes=0-3" }],
    [304, { "if-none-match": etag }],
    [416, { range: "bytes=900000-" }],
  ] as const) {
    const answer = await raw(app.url, { method: "GET", path, headers: { authorization, ...headers } });
    expect(answer.status).toBe(status);
    const policy = String(answer.headers["content-security-policy"]);
    expect(headerFlaws((name) => answer.headers[name]?.toString(), policy)).toEqual([]);
    if (status < 300) expect(policy).toBe("sandbox; default-src 'none'");
    expect(answer.headers["cache-control"]).toMatch(/no-store|private/);
  }
});

test("a signed storage URL answers with them, good or bad", async () => {
  const { json } = await call(app, "GET", `/api/v1/files/${world.here.files.organizationFile}`, { token });
  const url = new URL(json.downloadUrl);
  for (const [status, path, headers] of [
    [200, url.pathname + url.search, {}],
    [304, url.pathname + url.search, { "if-none-match": "*" }],
    [403, `${url.pathname}${url.search}x`, {}],
  ] as const) {
    const answer = await raw(app.url, { method: "GET", path, headers });
    expect(answer.status).toBe(status);
    const policy = String(answer.headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    // Pages of the web client show what it leads to.
    expect(headerFlaws((name) => answer.headers[name]?.toString(), policy, status < 400)).toEqual([]);
  }
});

test("bytes that are no HTTP get an answer with the same headers", async () => {
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(new URL(app.url).port), "127.0.0.1", () =>
      socket.write("NOT HTTP\r\n\r\n"),
    );
    let answer = "";
    socket.setEncoding("utf8").on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("error", reject).on("end", () => resolve(answer));
  });
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  const headers = new Map(
    (text.split("\r\n\r\n")[0] ?? "")
      .split("\r\n")
      .slice(1)
      .map((line) => {
        const [name = "", ...value] = line.split(": ");
        return [name.toLowerCase(), value.join(": ")];
      }),
  );
  expect(headerFlaws((name) => headers.get(name))).toEqual([]);
});

test("HSTS comes from the environment", async () => {
  const other = await startTestApp({
    worker: false,
    database: app.database,
    env: { HSTS_VALUE: "max-age=63072000; includeSubDomains; preload" },
  });
  const { headers } = await call(other, "GET", "/health");
  expect(headers.get("strict-transport-security")).toBe("max-age=63072000; includeSubDomains; preload");
});
