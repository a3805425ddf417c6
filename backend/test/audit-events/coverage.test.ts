import { randomUUID } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { requestOf } from "../access-matrix/attempt-request.ts";
import { attempts } from "../access-matrix/attempts.ts";
import { readDocument } from "../access-matrix/document.ts";
import { type Column, readTable } from "../access-matrix/table.ts";
import { createWorld } from "../access-matrix/world.ts";
import { startTestApp } from "../harness/app.ts";
import { call, type Person } from "../harness/client.ts";

const key = "web1b91b91b91b91b91bQm4vTn7RbLw2Yc9U";
const app = await startTestApp({
  worker: false,
  env: { ORGANIZATION_SIGNUP: "open", CLIENT_API_KEY: `web:${key}` },
});
const world = await createWorld(app);
const operations = new Map((await readDocument(app)).map((operation) => [operation.id, operation]));

/** What succeeds without an event, and why that is enough. */
const silent: Readonly<Record<string, string>> = {
  "me.keepAlive": "moves the end of one's own session by a request",
  "files.presign": "nothing is there before it is registered",
  "files.multipart.start": "the same",
  "files.multipart.parts": "the same",
  "files.multipart.abort": "the same: what is given up was never there",
  "auth.requestPasswordReset": "anybody can ask, and no answer may tell whether there is an account",
  "auth.sendVerificationEmail": "anybody can ask, and no answer may tell either",
};

/** Whoever the table lets do it, the strongest of an organization first. */
const preference = ["org_admin", "manager", "coach", "client", "platform_admin"] as const;
const personOf = (column: (typeof preference)[number]): Person =>
  column === "platform_admin" ? world.platformAdmin : world.here.people[column];

const isDone = (status: number) => status >= 200 && status < 300;

const writes = readTable().flatMap((row) => {
  const operation = operations.get(row.operation);
  const column = preference.find((one) => isDone(row.expected[one satisfies Column]));
  if (!operation || operation.method === "GET" || !column || row.on === "closed sign-up") return [];
  return [{ key: row.key, operation, caller: personOf(column) }];
});

describe("every write that succeeds leaves an event with actor, address, app build, request and target", () => {
  test.each(writes.map((one) => [one.key, one] as const))(
    "%s",
    async (_, { key: row, operation, caller }) => {
      const attempt = await attempts[row]?.({ app, closedApp: app, caller, target: world.here });
      if (!attempt) throw new Error(`attempts.ts does not know ${row}`);
      const { method, path, body } = requestOf(operation, operation.path, attempt);
      const requestId = randomUUID();
      const { status, text } = await call(app, method, path, {
        token: attempt.token ?? caller.token,
        body,
        headers: { "x-request-id": requestId, "x-client-key": key },
      });
      expect(isDone(status), text).toBe(true);
      const events = () => app.deps.database.sql`
      select action, actor_type, actor_id, target_type, target_id, result, ip, client from audit_event
      where request_id = ${requestId}`;
      if (operation.id in silent) {
        expect(await events()).toEqual([]);
        return;
      }
      await vi.waitFor(async () => expect(await events()).not.toEqual([]), 15_000);
      for (const event of await events()) {
        expect(event).toMatchObject({ actor_type: "user", ip: "127.0.0.1", client: "web" });
        for (const field of ["action", "actor_id", "target_type", "target_id"])
          expect(event[field], field).toEqual(expect.any(String));
      }
    },
  );
});

test("only operations that exist are excused", () => {
  const known = new Set(writes.map(({ operation }) => operation.id));
  expect(Object.keys(silent).filter((id) => !known.has(id))).toEqual([]);
});
