import { get, type IncomingMessage } from "node:http";
import postgres from "postgres";
import { afterAll, expect, test, vi } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPlatformAdmin, createTenant } from "../harness/client.ts";
import { logOf, platformLog, readAll, readExport, write } from "./logs.ts";

const app = await startTestApp({ worker: false });
const owner = postgres(app.database.ownerUrl, { max: 1, onnotice: () => {} });
afterAll(() => owner.end());
const platformAdmin = await createPlatformAdmin(app);

/** Many events at once, each with so many bytes to send. */
const fill = (organizationId: string, count: number, bytes = 10) => owner`
  insert into audit_event (id, organization_id, action, actor_type, result, changes)
  select (lpad(to_hex((extract(epoch from now()) * 1000)::bigint - ${count} + i), 12, '0')
      || '7000' || '8000' || lpad(to_hex(i), 12, '0'))::uuid,
    ${organizationId}, 'note.created', 'system', 'allowed', jsonb_build_object('x', repeat('x', ${bytes}::int))
  from generate_series(1, ${count}::int) i`;

/** More than all buffers between the database and a reader who does not read: six portions. */
const big = await createTenant(app);
await fill(big.organizationId, 3000, 20_000);
const bigExport = `${logOf(big.organizationId)}/export`;
const { token } = big.people.org_admin;

/** Portions of exports without a filter. */
const portions = () =>
  app.statements.filter((text) => /from "audit_event".*limit/.test(text) && !text.includes("starts_with"));

/** Begins to read; the answer stands still after its first bytes. */
function begin(path: string, token: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${app.url}${path}`, { headers: { authorization: `Bearer ${token}` }, agent: false }, (response) =>
      response.once("data", () => resolve(response.pause())),
    ).on("error", reject);
  });
}

test("is a file of one event a line, over many portions, with a last line that says so", async () => {
  const { organizationId, people } = await createTenant(app);
  const { token } = people.org_admin;
  await fill(organizationId, 1203);
  const listed = (await readAll(app, token, logOf(organizationId))).events;
  const { headers, events, last } = await readExport(app, token, `${logOf(organizationId)}/export`);
  expect(headers.get("content-type")).toBe("application/x-ndjson");
  expect(headers.get("content-disposition")).toBe(`attachment; filename="audit-${organizationId}.ndjson"`);
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(listed).toHaveLength(1203);
  expect(events).toEqual(listed);
  expect(last).toEqual({ complete: true, events: 1203 });
});

test("takes the filters of the list, ends on a full portion, and may be empty", async () => {
  const { organizationId, people } = await createTenant(app);
  const { token, userId } = people.org_admin;
  await fill(organizationId, 1000);
  const id = await write(owner, { organizationId, action: "rare.thing", actorId: userId });
  const path = `${logOf(organizationId)}/export`;
  const found = await readExport(app, token, `${path}?action=rare.*&actorId=${userId}&result=allowed`);
  expect(found.events).toMatchObject([{ id }]);
  expect((await readExport(app, token, `${path}?action=note.*`)).last).toEqual({
    complete: true,
    events: 1000,
  });
  expect(
    (await readExport(app, token, `${path}?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z`)).last,
  ).toEqual({
    complete: true,
    events: 0,
  });
});

test("leaves an event of its own, with the filter, in the log that was taken", async () => {
  const { organizationId, people } = await createTenant(app);
  const { token, userId } = people.org_admin;
  await readExport(app, token, `${logOf(organizationId)}/export?result=denied`);
  await call(app, "HEAD", `${logOf(organizationId)}/export`, { token });
  const { events } = await readAll(app, token, logOf(organizationId));
  expect(events).toMatchObject([
    {
      action: "audit.exported",
      actor: { type: "user", id: userId },
      target: { type: "auditLog", id: organizationId },
      ip: "127.0.0.1",
      changes: { result: "denied" },
    },
  ]);
  await readExport(app, platformAdmin.token, `${platformLog}/export`);
  const platform = await readAll(app, platformAdmin.token, `${platformLog}?action=audit.exported`);
  expect(platform.events).toMatchObject([{ target: { type: "auditLog", id: "platform" } }]);
});

test("gives coaches and clients what they did themselves", async () => {
  const { organizationId, people } = await createTenant(app);
  for (const { userId } of Object.values(people)) await write(owner, { organizationId, actorId: userId });
  const { events, last } = await readExport(app, people.coach.token, `${logOf(organizationId)}/export`);
  expect(events.map(({ actor }) => actor.id)).toEqual([people.coach.userId]);
  expect(last).toEqual({ complete: true, events: 1 });
});

test("reads no faster than it is taken, one at a time for each person, and stops when the reader leaves", async () => {
  app.statements.length = 0;
  const slow = await begin(bigExport, token);
  const second = await call(app, "GET", bigExport, { token });
  expect(second).toMatchObject({ status: 429, json: { code: "rate_limited" } });
  expect(second.headers.get("retry-after")).toBe("5");
  const other = await call(app, "GET", `${bigExport}?action=audit.*`, { token: platformAdmin.token });
  expect(other.status).toBe(200);
  slow.destroy();
  await vi.waitFor(async () => {
    const again = await call(app, "GET", `${bigExport}?action=audit.*`, { token });
    expect(again.status).toBe(200);
  }, 15_000);
  expect(portions().length).toBeLessThan(6);
  const { events } = await readAll(app, token, `${logOf(big.organizationId)}?action=audit.exported`);
  expect(events).toHaveLength(3);
});

test("what is written meanwhile is not part of it", async () => {
  const slow = await begin(bigExport, token);
  await fill(big.organizationId, 10);
  const late = await write(owner, { organizationId: big.organizationId });
  let text = "";
  for await (const chunk of slow) text += chunk;
  expect(text).not.toContain(late);
  expect(text.trimEnd().split("\n").at(-1)).toMatch(/^\{"complete":true,"events":30\d\d\}$/);
});

test("a database that fails in the middle cuts the connection, and the last line is missing", async () => {
  const slow = await begin(bigExport, token);
  await owner`revoke select on audit_event from coaching_app`;
  let text = "";
  const whole = (async () => {
    for await (const chunk of slow) text += chunk;
  })();
  await expect(whole).rejects.toMatchObject({ code: "ECONNRESET" });
  await owner`grant select on audit_event to coaching_app`;
  expect(text).not.toContain('"complete"');
  expect(text.length).toBeGreaterThan(0);
  expect((await call(app, "GET", `${bigExport}?action=audit.*`, { token })).status).toBe(200);
});

test("a database that fails before the first line is a problem, not a file", async () => {
  const { organizationId, people } = await createTenant(app);
  const { token } = people.org_admin;
  const path = `${logOf(organizationId)}/export`;
  await owner`revoke select on audit_event from coaching_app`;
  const failed = await call(app, "GET", path, { token });
  await owner`grant select on audit_event to coaching_app`;
  expect(failed).toMatchObject({ status: 500, json: { code: "internal" } });
  expect(failed.headers.get("content-disposition")).toBeNull();
  expect((await readExport(app, token, path)).last).toEqual({ complete: true, events: 0 });
});
