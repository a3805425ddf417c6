import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant } from "../harness/client.ts";

const app = await startTestApp({ worker: false });

async function organization() {
  const { organizationId, people } = await createTenant(app);
  const send = (method: string, headers: Record<string, string> = {}, body?: unknown) =>
    call(app, method, `/api/v1/organizations/${organizationId}`, {
      token: people.org_admin.token,
      headers,
      body,
    });
  return send;
}

test("an object carries the version as its ETag, and a write raises it", async () => {
  const send = await organization();
  const first = await send("GET");
  expect(first.headers.get("etag")).toBe('"v1"');
  expect(first.json.version).toBe(1);
  const written = await send("PATCH", {}, { name: "Renamed" });
  expect(written.headers.get("etag")).toBe('"v2"');
  expect((await send("GET")).headers.get("etag")).toBe('"v2"');
});

test.each(['"v1"', 'W/"v1"', '"v0", "v1"', "*"])("If-None-Match: %s is 304 without a body", async (tag) => {
  const { status, text, headers } = await (await organization())("GET", { "if-none-match": tag });
  expect([status, text]).toEqual([304, ""]);
  expect(headers.get("etag")).toBe('"v1"');
});

test.each(['"v2"', '"v10"', "v1", '""'])("If-None-Match: %s is the object", async (tag) => {
  const { status } = await (await organization())("GET", { "if-none-match": tag });
  expect(status).toBe(200);
});

test.each(['"v2"', '"v0"', '"x"', "v1"])("If-Match: %s is stale, and nothing is written", async (tag) => {
  const send = await organization();
  const { status, json } = await send("PATCH", { "if-match": tag }, { name: "Never" });
  expect([status, json.code]).toEqual([412, "precondition_failed"]);
  expect((await send("GET")).json).toMatchObject({ version: 1, name: expect.not.stringContaining("Never") });
});

test.each(['"v1"', "*"])("If-Match: %s is current", async (tag) => {
  const { status } = await (await organization())("PATCH", { "if-match": tag }, { name: "Renamed" });
  expect(status).toBe(200);
});

test("of twenty writers with the same ETag one wins", async () => {
  const send = await organization();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => send("PATCH", { "if-match": '"v1"' }, { name: `Writer ${i}` })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(412)]);
  expect((await send("GET")).json.version).toBe(2);
});

test("input is judged before the version", async () => {
  const { status } = await (await organization())("PATCH", { "if-match": '"v9"' }, { unknown: 1 });
  expect(status).toBe(400);
});

test("/me is never 304: its body changes without a version", async () => {
  const { people } = await createTenant(app);
  const { status } = await call(app, "GET", "/api/v1/me", {
    token: people.coach.token,
    headers: { "if-none-match": "*" },
  });
  expect(status).toBe(200);
});
