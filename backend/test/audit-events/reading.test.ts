import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterAll, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPlatformAdmin, createTenant } from "../harness/client.ts";
import { logOf, platformLog, readAll, write } from "./logs.ts";

const app = await startTestApp({ worker: false });
const owner = postgres(app.database.ownerUrl, { max: 1 });
afterAll(() => owner.end());
const platformAdmin = await createPlatformAdmin(app);
const { organizationId, people } = await createTenant(app);
const elsewhere = await createTenant(app);
const admin = people.org_admin.token;
const idsOf = (events: { id: string }[]) => events.map(({ id }) => id);

test("a change is told with who did it, from where, on whom and what", async () => {
  const requestId = randomUUID();
  const path = `/api/v1/organizations/${organizationId}`;
  await call(app, "PATCH", path, {
    token: admin,
    body: { name: "Renamed" },
    headers: { "x-request-id": requestId },
  });
  const { json, headers } = await call(app, "GET", `${logOf(organizationId)}?limit=1`, { token: admin });
  expect(headers.get("cache-control")).not.toContain("public");
  expect(json.data).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/),
      action: "organization.updated",
      actor: { type: "user", id: people.org_admin.userId },
      target: { type: "organization", id: organizationId },
      result: "allowed",
      ip: "127.0.0.1",
      client: null,
      requestId,
      changes: expect.anything(),
    },
  ]);
});

test("a refusal in an organization is in its log, one on another tenant in the platform's and nowhere else", async () => {
  const [inside, outside] = [randomUUID(), randomUUID()];
  const { client } = people;
  const ask = (id: string, requestId: string) =>
    call(app, "GET", `/api/v1/organizations/${id}/settings`, {
      token: client.token,
      headers: { "x-request-id": requestId },
    });
  expect((await ask(organizationId, inside)).status).toBe(403);
  expect((await ask(elsewhere.organizationId, outside)).status).toBe(404);
  const logs = {
    here: (await readAll(app, admin, logOf(organizationId))).events,
    there: (await readAll(app, elsewhere.people.org_admin.token, logOf(elsewhere.organizationId))).events,
    platform: (await readAll(app, platformAdmin.token, platformLog)).events,
  };
  const found = (requestId: string) =>
    Object.entries(logs).flatMap(([log, events]) =>
      events.filter((event) => event.requestId === requestId).map((event) => ({ log, ...event })),
    );
  const actor = { type: "user", id: client.userId };
  const action = "organizations.settings.get";
  expect(found(inside)).toMatchObject([
    { log: "here", action, actor, result: "denied", changes: { reason: "forbidden" } },
  ]);
  expect(found(outside)).toMatchObject([
    {
      log: "platform",
      action,
      actor,
      result: "denied",
      target: { type: "organization", id: elsewhere.organizationId },
      changes: { reason: "not_found" },
    },
  ]);
});

test("coaches and clients read what they did themselves, whatever they filter by", async () => {
  const tenant = await createTenant(app);
  const path = logOf(tenant.organizationId);
  for (const person of Object.values(tenant.people))
    await write(owner, { organizationId: tenant.organizationId, actorId: person.userId });
  await write(owner, { organizationId: tenant.organizationId });
  for (const { token, userId } of [tenant.people.coach, tenant.people.client]) {
    const { events } = await readAll(app, token, path);
    expect(events.map(({ actor }) => actor.id)).toEqual([userId]);
    const others = await readAll(app, token, `${path}?actorId=${tenant.people.org_admin.userId}`);
    expect(others.events).toEqual([]);
  }
  for (const token of [tenant.people.org_admin.token, platformAdmin.token])
    expect((await readAll(app, token, path)).events.length).toBeGreaterThanOrEqual(5);
});

test("pages are whole, newest first, without gaps while events are written, and one statement each", async () => {
  const tenant = await createTenant(app);
  const path = logOf(tenant.organizationId);
  const token = tenant.people.org_admin.token;
  const written: string[] = [];
  for (let i = 0; i < 12; i++) written.unshift(await write(owner, { organizationId: tenant.organizationId }));
  app.statements.length = 0;
  const first = await call(app, "GET", `${path}?limit=5`, { token });
  expect(app.statements.filter((text) => text.includes("audit_event"))).toHaveLength(1);
  expect(idsOf(first.json.data)).toEqual(written.slice(0, 5));
  await write(owner, { organizationId: tenant.organizationId });
  const next = (cursor: string, query = "") =>
    call(app, "GET", `${path}?limit=5${query}&cursor=${encodeURIComponent(cursor)}`, { token });
  const second = await next(first.json.page.nextCursor);
  const third = await next(second.json.page.nextCursor);
  expect(idsOf([...second.json.data, ...third.json.data])).toEqual(written.slice(5));
  expect(third.json.page).toEqual({ nextCursor: null, hasMore: false });
  const stolen = await next(first.json.page.nextCursor, "&result=denied");
  expect(stolen).toMatchObject({ status: 400, json: { code: "invalid_cursor" } });
});

test("filters by action, family of actions, person, result and time", async () => {
  const { organizationId, people } = await createTenant(app);
  const day = (n: number, time = "00:00:00") => new Date(`2026-03-0${n}T${time}Z`);
  const actorId = people.manager.userId;
  const put = (at: Date, more: object) => write(owner, { organizationId, at, ...more });
  const added = await put(day(1), { action: "member.added" });
  const updated = await put(day(2), { action: "member.updated", actorId });
  const denied = await put(day(3), { action: "member.updated", result: "denied" });
  const lookalike = await put(day(4), { action: "membership.updated" });
  const at = async (query: string) => {
    const { events } = await readAll(app, people.org_admin.token, `${logOf(organizationId)}?${query}`, 2);
    return idsOf(events);
  };
  expect(await at("to=2026-04-01T00:00:00Z")).toEqual([lookalike, denied, updated, added]);
  expect(await at("action=member.updated")).toEqual([denied, updated]);
  expect(await at("action=member.*")).toEqual([denied, updated, added]);
  expect(await at("action=member")).toEqual([]);
  expect(await at(`actorId=${actorId}&result=allowed`)).toEqual([updated]);
  expect(await at("result=denied&action=member.updated")).toEqual([denied]);
  expect(await at("from=2026-03-02T00:00:00Z&to=2026-03-04T00:00:00Z")).toEqual([denied, updated]);
  expect(await at("from=2026-03-02T01:00:00.001%2B01:00&to=2026-03-04T00:00:00.001Z")).toEqual([
    lookalike,
    denied,
  ]);
  expect(await at("from=2026-03-04T00:00:00Z&to=2026-03-01T00:00:00Z")).toEqual([]);
});

test("a time tells by the database's clock, also where that of the server that wrote it was wrong", async () => {
  const { organizationId, people } = await createTenant(app);
  const id = await write(owner, { organizationId, at: new Date("2026-03-01T12:20:00Z") });
  await owner`update audit_event set at = '2026-03-01T11:40:00Z' where id = ${id}`;
  const at = async (query: string) =>
    idsOf((await readAll(app, people.org_admin.token, `${logOf(organizationId)}?${query}`)).events);
  expect(await at("from=2026-03-01T11:30:00Z&to=2026-03-01T11:50:00Z")).toEqual([id]);
  expect(await at("from=2026-03-01T12:00:00Z&to=2026-03-01T12:30:00Z")).toEqual([]);
});

test.each([
  "action=",
  "action=*",
  "action=member.%25",
  "action=member..*",
  "actorId=x",
  "result=maybe",
  "from=yesterday",
  "from=2026-02-30T00:00:00Z",
  "from=2026-03-01",
  "to=",
  "organizationId=1",
])("a bad filter is refused: %s", async (query) => {
  for (const path of [logOf(organizationId), `${logOf(organizationId)}/export`]) {
    const { status, json } = await call(app, "GET", `${path}?${query}`, { token: admin });
    expect([status, json.code], path).toEqual([400, "validation_failed"]);
  }
});

test("the log outlives the organization for platform admins; one that never was is unknown", async () => {
  const tenant = await createTenant(app);
  const path = logOf(tenant.organizationId);
  const { token } = platformAdmin;
  expect((await call(app, "GET", path, { token })).json.data).toEqual([]);
  await call(app, "DELETE", `/api/v1/organizations/${tenant.organizationId}`, { token });
  await app.deps.database.sql`delete from organization where id = ${tenant.organizationId}`;
  expect((await readAll(app, token, path)).events).toMatchObject([{ action: "organization.deleted" }]);
  expect((await call(app, "GET", path, { token: tenant.people.org_admin.token })).status).toBe(404);
  for (const end of ["", "/export", "/verify"])
    for (const method of ["GET", "HEAD"]) {
      const { status } = await call(app, method, `${logOf(randomUUID())}${end}`, { token });
      expect(status, `${method} ${end}`).toBe(404);
    }
});
