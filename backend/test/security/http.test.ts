import { connect } from "node:net";
import { expect, test } from "vitest";
import { raw } from "../access-matrix/wire.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson } from "../harness/client.ts";

const app = await startTestApp({ worker: false, env: { SECURITY_CONTACT: "security@example.test" } });
const { token } = await createPerson(app);

/** What comes back for these bytes until the server closes, or two seconds without it. */
const exchange = (bytes: string) =>
  new Promise<{ text: string; closed: boolean }>((resolve, reject) => {
    let text = "";
    const socket = connect(Number(new URL(app.url).port), "127.0.0.1", () => socket.write(bytes, "latin1"));
    const give = (closed: boolean) => {
      socket.destroy();
      resolve({ text, closed });
    };
    socket.setEncoding("latin1").on("data", (chunk) => {
      text += chunk;
    });
    socket.setTimeout(10_000, () => give(false));
    socket.on("end", () => give(true));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNRESET" ? give(true) : reject(error),
    );
  });

test("v5.0.0-4.1.1 every answer with text says what it is, and in which characters", async () => {
  for (const [path, type] of [
    ["/", /^application\/json/],
    ["/api/v1/openapi.json", /^application\/json/],
    ["/nothing", /^application\/problem\+json/],
    ["/.well-known/security.txt", /^text\/plain; charset=utf-8$/i],
    ["/api/v1/docs", /^text\/html; charset=utf-8$/i],
    ["/api/v1/docs/start.js", /^text\/javascript; charset=utf-8$/i],
    ["/api/v1/docs/swagger-ui.css", /^text\/css; charset=utf-8$/i],
  ] as const) {
    const { headers } = await call(app, "GET", path);
    expect(headers.get("content-type"), path).toMatch(type);
  }
});

test("v5.0.0-4.1.2 nothing is redirected, whatever a proxy says of the scheme", async () => {
  const headers = { "x-forwarded-proto": "http", forwarded: "proto=http" };
  for (const path of ["/", "/health", "/api/v1/me", "/api/v1/docs", "/api/v1/me/", "//example.org/%2e%2e"]) {
    const answer = await raw(app.url, { method: "GET", path, headers });
    expect(Math.floor(answer.status / 100), path).not.toBe(3);
    expect(answer.headers.location, path).toBeUndefined();
  }
});

test.each(["TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND"])(
  "v5.0.0-4.1.4 v5.0.0-13.4.4 %s is refused",
  async (method) => {
    for (const path of ["/", "/api/v1/me"]) {
      const { text } = await exchange(
        `${method} ${path} HTTP/1.1\r\nHost: api.example.test\r\nX-Canary: canary-4711\r\nConnection: close\r\n\r\n`,
      );
      expect(text).not.toMatch(/^HTTP\/1\.1 [23]/);
      expect(text).not.toContain("canary-4711");
    }
    expect((await call(app, "GET", "/health")).status).toBe(200);
  },
);

const post =
  "POST /api/auth/sign-out HTTP/1.1\r\nHost: api.example.test\r\nContent-Type: application/json\r\n";
const hidden = "GET /health?hidden HTTP/1.1\r\nHost: api.example.test\r\n\r\n";

test.each([
  ["a length and chunks", `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
  ["two lengths", `${post}Content-Length: 0\r\nContent-Length: 60\r\n\r\n${hidden}`],
  ["a list of lengths", `${post}Content-Length: 0, 60\r\n\r\n${hidden}`],
  ["a signed length", `${post}Content-Length: +0\r\n\r\n${hidden}`],
  ["chunks that are not last", `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`],
  ["chunks in other words", `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`],
  ["a space before the colon", `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`],
  ["a size that is no number", `${post}Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n${hidden}`],
])(
  "v5.0.0-4.2.1 a request that ends in two places is refused, and the connection with it: %s",
  async (_, bytes) => {
    const { text, closed } = await exchange(bytes);
    expect(text).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(text.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
    expect(closed).toBe(true);
  },
);

test("v5.0.0-13.4.6 no header names a program or its version", async () => {
  for (const path of ["/", "/health", "/nothing", "/api/v1/docs", "/api/auth/get-session"]) {
    const { headers } = await call(app, "GET", path, { token });
    const told = [...headers].filter(
      ([name, value]) =>
        /^(server|via|x-powered-by|x-generator)$/.test(name) || /node|hono|better-auth/i.test(value),
    );
    expect(told, path).toEqual([]);
  }
});

test.each(['{"__proto__":{"globalRole":"platform_admin"}}', '{"constructor":{"prototype":{"name":"x"}}}'])(
  "v5.0.0-15.3.6 a body that reaches for a prototype is refused: %s",
  async (body) => {
    expect((await call(app, "PATCH", "/api/v1/me", { token, body })).status).toBe(400);
    expect(({} as { globalRole?: string }).globalRole).toBeUndefined();
  },
);

test("v5.0.0-15.3.7 a parameter that comes twice is refused", async () => {
  const answer = await call(app, "GET", "/api/v1/me/auth-sessions?limit=1&limit=100", { token });
  expect([answer.status, answer.json.code]).toEqual([400, "validation_failed"]);
});
