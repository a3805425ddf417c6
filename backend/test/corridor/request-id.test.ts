import { expect, test } from "vitest";
import { raw } from "../access-matrix/wire.ts";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";

const app = await startTestApp({ worker: false });
const sendId = (id: string) => call(app, "GET", "/api/v1/me", { headers: { "x-request-id": id } });

test.each(["abc", "A.b_c-9", "x".repeat(64), "01a1fc47-6458-76c3-9f0f-0d32d33fea2a"])(
  "keeps the request id %s and repeats it in the problem",
  async (id) => {
    const { headers, json } = await sendId(id);
    expect(headers.get("x-request-id")).toBe(id);
    expect(json.requestId).toBe(id);
  },
);

test.each([
  "x".repeat(65),
  "a b",
  'a","level":60,"msg":"forged',
  "a\\nb",
  "<script>",
  "$(id)",
  "a/../b",
  "café",
])("replaces the request id %s and writes it nowhere", async (id) => {
  app.logLines.length = 0;
  const { headers, json } = await sendId(id);
  expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  expect(json.requestId).toBe(headers.get("x-request-id"));
  expect(app.logLines.join("")).not.toContain(id);
});

test("a line break in any header or path starts no line of its own in the log", async () => {
  app.logLines.length = 0;
  const forged = '%0a{"level":60,"msg":"forged"}';
  await raw(app.url, { method: "POST", path: `/api/v1/${forged}`, headers: { "user-agent": "x\ty" } });
  await raw(app.url, { method: "POST", path: "/api/v1/me?a=%0d%0aX-Evil:1" });
  for (const line of app.logLines) {
    expect(line.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(line).msg).not.toBe("forged");
  }
});

test("every request without an id gets one of its own", async () => {
  const ids = await Promise.all(
    Array.from({ length: 20 }, async () => (await call(app, "GET", "/health")).headers.get("x-request-id")),
  );
  expect(new Set(ids).size).toBe(20);
});
