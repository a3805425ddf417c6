import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { allowedOperations } from "./allowed.ts";
import { type Operation, readDocument } from "./document.ts";
import { createWorld } from "./world.ts";

const app = await startTestApp({ worker: false, env: { ORGANIZATION_SIGNUP: "open" } });
const world = await createWorld(app);
const operations = await readDocument(app);
const all = allowedOperations(app, world, operations);
const reads = all.filter(
  ({ operation: { method, path } }) => method === "GET" && !/stream|export/.test(path),
);
const tags = await Promise.all(
  reads.map(async ({ operation, prepare }) => {
    const { headers } = await (await prepare())();
    return headers.get("etag") ? [operation.path] : [];
  }),
);
const versioned = new Set(tags.flat());

/** POSTs below a versioned object that leave it as it is. */
const others = /^\/api\/v1\/me\/(keep-alive|step-up)$/;

/** A write on the object itself: at its own path, or a verb below it. */
function isWriteOnVersioned({ method, path }: Operation): boolean {
  if (method === "GET" || others.test(path)) return false;
  const isCollection = operations.some((one) => one.method === "GET" && one.path === path);
  if (method === "POST") return !isCollection && versioned.has(path.replace(/\/[\w-]+$/, ""));
  return versioned.has(path);
}

const writes = all.filter(({ operation }) => isWriteOnVersioned(operation));

test("organizations, settings, members, invitations, files, people and oneself are versioned", () => {
  expect([...versioned].sort()).toEqual([
    "/api/v1/files/{fileId}",
    "/api/v1/me",
    "/api/v1/organizations/{organizationId}",
    "/api/v1/organizations/{organizationId}/invitations/{invitationId}",
    "/api/v1/organizations/{organizationId}/members/{memberId}",
    "/api/v1/organizations/{organizationId}/settings",
    "/api/v1/platform/users/{userId}",
  ]);
  expect(writes.length).toBeGreaterThan(15);
});

describe("a write on what has a version", () => {
  test.each(writes.map((one) => [one.operation.id, one] as const))("%s is 412 when stale", async (_, one) => {
    const send = await one.prepare();
    for (const stale of ['"v99"', '"somebody else\'s"']) {
      const { status, json } = await send({ headers: { "if-match": stale } });
      expect([status, json?.code], stale).toEqual([412, "precondition_failed"]);
    }
    expect((await send({ headers: { "if-match": "*" } })).status).toBeLessThan(300);
  });
});

test("who answers a version names it in the ETag", async () => {
  for (const { operation, prepare } of all.filter((one) => !/stream|export/.test(one.operation.path))) {
    const { headers, json } = await (await prepare())();
    if (typeof json?.version !== "number") continue;
    expect(headers.get("etag"), operation.id).toBe(`"v${json.version}"`);
  }
});
