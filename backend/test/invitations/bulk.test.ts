import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant, makeStale, type Person } from "../harness/client.ts";
import { someoneWaits } from "../harness/locks.ts";
import { invite, mailsTo, newAddress, pathOf } from "./inbox.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const { organizationId, people } = await createTenant(app);

const bulk = (by: Person, invitations: unknown, organization = organizationId) =>
  call(app, "POST", `${pathOf(organization)}/bulk`, { token: by.token, body: { invitations } });

test("each row succeeds or fails on its own, in the order sent", async () => {
  const [fresh, twice, known] = [newAddress(), newAddress(), newAddress()];
  await invite(app, organizationId, people.org_admin, known, "coach");
  const answer = await bulk(people.manager, [
    { email: ` ${fresh.toUpperCase()}`, role: "client" },
    { email: twice, role: "coach" },
    { email: twice.toUpperCase(), role: "coach" },
    { email: twice, role: "client" },
    { email: known, role: "coach" },
    { email: people.client.email, role: "client" },
    { email: newAddress(), role: "org_admin" },
    { email: "not an address", role: "client" },
    { email: newAddress(), role: "king" },
  ]);
  expect(answer.status).toBe(200);
  expect(answer.json.data).toMatchObject([
    { email: fresh, role: "client", status: "created", invitation: { email: fresh, status: "pending" } },
    { email: twice, status: "created" },
    { email: twice, status: "failed", code: "conflict", message: expect.any(String) },
    { email: twice, role: "client", status: "created" },
    { email: known, status: "failed", code: "conflict" },
    { email: people.client.email, status: "failed", code: "conflict" },
    { role: "org_admin", status: "failed", code: "forbidden" },
    { email: "not an address", status: "failed", code: "validation_failed" },
    { role: "king", status: "failed", code: "validation_failed" },
  ]);
  expect(answer.json.data.every((row: object) => "invitation" in row !== "code" in row)).toBe(true);
  expect(await mailsTo(app, fresh)).toHaveLength(1);
  expect(await mailsTo(app, twice)).toHaveLength(2);
  const denied = await sql`
    select changes from audit_event where action = 'invitations.bulk' and result = 'denied'
      and organization_id = ${organizationId}`;
  expect(denied).toEqual([{ changes: { reason: "forbidden" } }]);
});

test("two bulk requests at once with the same 200 people make 200 invitations", async () => {
  const rows = Array.from({ length: 200 }, () => ({ email: newAddress(), role: "client" }));
  const answers = await Promise.all([
    bulk(people.org_admin, rows),
    bulk(people.org_admin, rows.toReversed()),
  ]);
  const results = answers.flatMap(({ json }) => json.data.map(({ status }: { status: string }) => status));
  expect(results.filter((status) => status === "created")).toHaveLength(200);
  expect(results).toHaveLength(400);
  const made = await sql`select id from invitation where email in ${sql(rows.map(({ email }) => email))}`;
  expect(made).toHaveLength(200);
});

test("a row for an org_admin needs a fresh credential, the others do not", async () => {
  const other = await createTenant(app);
  await makeStale(app, other.people.org_admin);
  const rows = ["org_admin", "client"].map((role) => ({ email: newAddress(), role }));
  const answer = await bulk(other.people.org_admin, rows, other.organizationId);
  expect(answer.json.data).toMatchObject([
    { status: "failed", code: "step_up_required" },
    { status: "created" },
  ]);
});

describe("the whole request is refused", () => {
  const row = { email: "a@b.test", role: "client" };
  test.each([
    ["no row", []],
    ["201 rows", Array(201).fill(row)],
    ["no list", row],
    ["an unknown field", [{ ...row, token: "x" }]],
    ["a missing field", [{ email: "a@b.test" }]],
  ])("for %s", async (_name, rows) => {
    expect(await bulk(people.org_admin, rows)).toMatchObject({
      status: 400,
      json: { code: "validation_failed" },
    });
  });

  test("for who may invite nobody", async () => {
    for (const by of [people.client, people.coach])
      expect(await bulk(by, [row])).toMatchObject({ status: 403, json: { code: "forbidden" } });
    const stranger = await createTenant(app);
    expect((await bulk(stranger.people.org_admin, [row])).status).toBe(404);
  });
});

test("who loses the role in the middle of a list invites nobody after that", async () => {
  const tenant = await createTenant(app);
  const { org_admin: admin } = tenant.people;
  const [held, after] = [newAddress(), newAddress()];
  let running: ReturnType<typeof bulk> | undefined;
  await sql.begin(async (tx) => {
    await tx`
      insert into invitation (id, organization_id, email, role, token_hash, expires_at)
      values (${crypto.randomUUID()}, ${tenant.organizationId}, ${held}, 'client', ${held}, now() + interval '1 day')`;
    const rows = [held, after].map((email) => ({ email, role: "client" }));
    running = bulk(admin, rows, tenant.organizationId);
    await someoneWaits(app);
    await sql`update member set role = 'client' where user_id = ${admin.userId}`;
  });
  expect((await running)?.json.data).toMatchObject([
    { email: held, status: "failed", code: "conflict" },
    { email: after, status: "failed", code: "forbidden" },
  ]);
  expect(await mailsTo(app, after)).toHaveLength(0);
});
