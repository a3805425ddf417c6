import { readFileSync } from "node:fs";
import { sql } from "drizzle-orm";
import { beforeEach, expect, test, vi } from "vitest";
import { createLog } from "../../src/adapters/log/log.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant } from "../harness/client.ts";

const app = await startTestApp({ worker: false });
const { people, organizationId } = await createTenant(app);
const { org_admin, client } = people;
const path = `/api/v1/organizations/${organizationId}`;

beforeEach(() => {
  app.logLines.length = 0;
});

interface Line extends Readonly<Record<string, unknown>> {
  readonly type: string;
}

/** What `grep AUDIT` and the like would find. */
const grep = (text: string): Line[] =>
  app.logLines.filter((line) => line.includes(text)).map((line) => JSON.parse(line));

/** A request's own line is written when its answer has ended. */
async function requestLine(method: string): Promise<Line> {
  return vi.waitFor(() => {
    const found = grep("REQUEST").find((line) => line.method === method);
    if (!found) throw new Error(`no REQUEST line of ${method}`);
    return found;
  });
}

test("a write leaves a REQUEST line with method, path and address", async () => {
  await call(app, "PATCH", `${path}?x=secret`, { token: org_admin.token, body: { name: "Named" } });
  expect(await requestLine("PATCH")).toMatchObject({
    type: "REQUEST",
    method: "PATCH",
    path,
    ip: "127.0.0.1",
    status: 400,
  });
  await call(app, "GET", path, { token: org_admin.token });
  expect(grep("REQUEST").filter((line) => line.method === "GET")).toEqual([]);
});

test("a change leaves one AUDIT line with action, user, resource and details", async () => {
  const { status } = await call(app, "PATCH", path, { token: org_admin.token, body: { name: "Another" } });
  expect(status).toBe(200);
  const lines = grep("AUDIT");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    type: "AUDIT",
    action: "organization.updated",
    userId: org_admin.userId,
    resourceId: organizationId,
    result: "allowed",
    ip: "127.0.0.1",
  });
  expect(lines[0]).toHaveProperty("details");
  const [row] = await app.deps.database.sql`
    select changes from audit_event where request_id = ${String(lines[0]?.requestId)}`;
  expect(lines[0]?.details).toEqual(row?.changes);
});

test("a refusal leaves one with its reason", async () => {
  await call(app, "PATCH", path, { token: client.token, body: { name: "Mine" } });
  expect(grep("AUDIT")).toMatchObject([
    { type: "AUDIT", userId: client.userId, result: "denied", details: { reason: "forbidden" } },
  ]);
});

test("a change that does not come to be leaves none", async () => {
  const change = app.deps.db.transaction(async (tx) => {
    await app.deps.audit.record(tx, null, {
      action: "organization.updated",
      organizationId,
      target: { type: "organization", id: organizationId },
    });
    expect(grep("AUDIT")).toEqual([]);
    await tx.execute(sql`select 1 / 0`);
  });
  await expect(change).rejects.toThrow();
  expect(grep("AUDIT")).toEqual([]);
});

test("a part that is undone leaves none, and the rest does once all is kept", async () => {
  const event = (action: string) => ({
    action,
    organizationId,
    target: { type: "organization", id: organizationId },
  });
  await app.deps.db.transaction(async (tx) => {
    await app.deps.audit.record(tx, null, event("test.whole"));
    await tx.transaction((part) => app.deps.audit.record(part, null, event("test.kept")));
    const undone = tx.transaction(async (part) => {
      await app.deps.audit.record(part, null, event("test.undone"));
      await part.execute(sql`select 1 / 0`);
    });
    await expect(undone).rejects.toThrow();
    expect(grep("AUDIT")).toEqual([]);
  });
  expect(grep("AUDIT").map(({ action }) => action)).toEqual(["test.whole", "test.kept"]);
});

test("a limit that is used up leaves a Rate Limit line", async () => {
  const limited = await startTestApp({ worker: false, database: app.database, env: { RATE_LIMIT_MAX: "3" } });
  for (let i = 0; i < 4; i++) await call(limited, "GET", "/api/v1/config/public");
  await vi.waitFor(() => {
    const found = limited.logLines.filter((line) => line.includes("Rate Limit"));
    expect(found.map((line) => JSON.parse(line))).toMatchObject([
      { method: "GET", path: "/api/v1/config/public", ip: "127.0.0.1" },
    ]);
  });
});

test("the documentation lists the fields of each line, and no others", async () => {
  const text = readFileSync(new URL("../../../docs/operations/monitoring.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| `(\w+)` \| ([\w, ]+) \|/gm)];
  const documented = (line: string) =>
    rows.filter(([, , lines = ""]) => lines.split(", ").includes(line)).map(([, field]) => field);
  const envelope = ["level", "time", "msg"];
  const fields = (line: Line | undefined) => Object.keys(line ?? {}).filter((key) => !envelope.includes(key));

  await call(app, "PATCH", path, { token: org_admin.token, body: { name: "Documented" } });
  expect(fields(await requestLine("PATCH")).toSorted()).toEqual(documented("REQUEST").toSorted());
  expect(fields(grep("AUDIT")[0]).toSorted()).toEqual(documented("AUDIT").toSorted());

  const written: string[] = [];
  createLog({ logLevel: "info" }, { destination: { write: (line) => void written.push(line) } }).info(
    "anything",
  );
  expect(Object.keys(JSON.parse(written.join("")))).toEqual(documented("all"));
});
