import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { type Allowed, allowedOperations } from "./allowed.ts";
import { readDocument } from "./document.ts";
import { createWorld } from "./world.ts";

const app = await startTestApp({ worker: false, env: { ORGANIZATION_SIGNUP: "open" } });
const operations = await readDocument(app);
const all = allowedOperations(app, await createWorld(app), operations);
const named = all.map((one) => [one.operation.id, one] as const);
const withMethod = (...methods: string[]) =>
  named.filter(([, one]) => methods.includes(one.operation.method));

const takes = ({ operation }: Allowed, header: string): boolean => operation.headerNames.includes(header);

/** Of an answer, what says something of this operation. */
const telling = [
  "etag",
  "location",
  "accept-ranges",
  "content-range",
  "content-disposition",
  "set-auth-token",
  "retry-after",
  "x-request-id",
  "ratelimit-limit",
  "ratelimit-remaining",
  "ratelimit-reset",
  "ratelimit-policy",
];
/** Declared where they may come, and not on every such answer. */
const sometimes = ["set-auth-token", "idempotency-replayed"];

test("nearly every operation is among those that are tried here", () => {
  expect(operations.length - all.length).toBeLessThan(12);
});

test.each(named)("%s answers with the headers that it tells, and with no other", async (_, one) => {
  const { status, headers } = await (await one.prepare())();
  const declared = one.operation.answers[status];
  expect(declared, `${status}`).toBeDefined();
  const sent = telling.filter((name) => headers.has(name));
  expect(sent.filter((name) => !declared?.includes(name))).toEqual([]);
  expect(declared?.filter((name) => !sent.includes(name) && !sometimes.includes(name))).toEqual([]);
});

describe("a version that nobody has in If-Match", () => {
  test.each(named)("is refused by %s just where it takes the header", async (_, one) => {
    const { status } = await (await one.prepare())({ headers: { "if-match": '"v99"' } });
    expect(status === 412).toBe(takes(one, "If-Match"));
  });
});

describe("the ETag of the answer before in If-None-Match", () => {
  test.each(withMethod("GET"))("is 304 at %s just where it takes the header", async (_, one) => {
    const send = await one.prepare();
    const etag = (await send()).headers.get("etag") ?? "*";
    expect((await send({ headers: { "if-none-match": etag } })).status === 304).toBe(
      takes(one, "If-None-Match"),
    );
  });
});

describe("a Range", () => {
  test.each(withMethod("GET"))("is answered by %s just where it takes one", async (_, one) => {
    const send = await one.prepare();
    const { status, headers } = await send({ headers: { range: "bytes=0-0" } });
    expect(status === 206).toBe(takes(one, "Range"));
    if (status !== 206) return;
    expect(one.operation.answers[206]).toEqual(expect.arrayContaining(["content-range", "etag"]));
    const elsewhere = await send({ headers: { range: "bytes=0-0", "if-range": '"other"' } });
    expect([elsewhere.status, takes(one, "If-Range")]).toEqual([200, true]);
    expect(headers.get("content-range")).toMatch(/^bytes 0-0\//);
    expect((await send({ headers: { range: "bytes=99999999-" } })).headers.has("content-range")).toBe(true);
    expect(one.operation.answers[416]).toContain("content-range");
  });
});

describe("an Idempotency-Key", () => {
  test.each(withMethod("POST", "PATCH", "DELETE"))(
    "means something to %s just where it takes one",
    async (_, one) => {
      const send = await one.prepare();
      const key = { headers: { "idempotency-key": randomUUID() } };
      const [first, again] = [await send(key), await send(key)];
      // Who has left is no member any more, and learns nothing of what is there.
      if (one.operation.id === "organizations.leave") return expect(again.status).toBe(404);
      const isKnown = again.headers.has("idempotency-replayed");
      expect(isKnown).toBe(takes(one, "Idempotency-Key"));
      if (!isKnown) return;
      expect(one.operation.answers[first.status]).toContain("idempotency-replayed");
      expect(Object.keys(one.operation.answers)).toEqual(expect.arrayContaining(["409", "422"]));
    },
  );
});

test("a name for a request is taken everywhere", async () => {
  expect(all.filter((one) => !takes(one, "X-Request-Id"))).toEqual([]);
  const { headers } = await call(app, "GET", "/health", { headers: { "x-request-id": "mine" } });
  expect(headers.get("x-request-id")).toBe("mine");
});

test("the headers of a second factor are taken where one signs in", () => {
  const takers = (header: string) =>
    operations.filter(({ headerNames }) => headerNames.includes(header)).map(({ id }) => id);
  expect(takers("X-Trust-Device")).toEqual(["auth.signInEmail"]);
  expect(takers("X-Two-Factor-Challenge")).toEqual([
    "auth.twoFactorVerifyTotp",
    "auth.twoFactorVerifyBackupCode",
  ]);
});
