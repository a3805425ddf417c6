import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { serveConfigured } from "../corridor/configured.ts";
import { startTestApp } from "../harness/app.ts";
import { allowedOperations } from "./allowed.ts";
import { readDocument } from "./document.ts";
import { createWorld } from "./world.ts";

const app = await startTestApp({ worker: false, env: { ORGANIZATION_SIGNUP: "open" } });
const retiredKey = randomUUID();
const keyed = await serveConfigured(app, {
  clientKeys: [
    { name: "now", key: randomUUID(), retired: false },
    { name: "once", key: retiredKey, retired: true },
  ],
  clientKeyRequired: true,
});
const operations = await readDocument(app);
const all = allowedOperations(app, await createWorld(app), operations);
const named = all.map((one) => [one.operation.id, one] as const);
const writes = named.filter(([, one]) => one.operation.method !== "GET");

test("what only reads declares no refusal of a body", () => {
  const reads = operations.filter(({ method }) => method === "GET");
  expect(reads.filter(({ answers }) => 413 in answers || 415 in answers)).toEqual([]);
});

test("whatever asks the database declares that it may not answer", () => {
  const without = operations.filter(({ answers }) => !(503 in answers)).map(({ id }) => id);
  expect(without.sort()).toEqual([
    "system.apiHealth",
    "system.health",
    "system.live",
    "system.publicConfig",
    "system.root",
    "system.securityTxt",
  ]);
});

describe("the key of an app build", () => {
  test.each(named)("is asked for by %s just where it takes one", async (_, one) => {
    const send = await one.prepare();
    const without = await send({ at: keyed });
    expect(without.status === 401).toBe(one.operation.headerNames.includes("X-Client-Key"));
    if (without.status !== 401) return;
    expect(one.operation.answers[401]).toContain("www-authenticate");
    const retired = await send({ headers: { "x-client-key": retiredKey }, at: keyed });
    expect([retired.status, 426 in one.operation.answers]).toEqual([426, true]);
  });
});

describe("a body of more than a megabyte", () => {
  test.each(writes)("is refused by %s just where it says so", async (_, one) => {
    const send = await one.prepare();
    const { status } = await send({ body: `"${"x".repeat(1024 * 1024)}"` });
    expect(status === 413).toBe(413 in one.operation.answers);
  });
});

describe("a body that is no JSON", () => {
  test.each(writes)("is refused by %s just where it says so", async (_, one) => {
    const send = await one.prepare();
    const { status } = await send({ headers: { "content-type": "text/plain" }, body: "x" });
    expect(status === 415).toBe(415 in one.operation.answers);
  });
});
