import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { withoutRequest } from "../access-matrix/attempt-request.ts";
import { logOf } from "../audit-events/logs.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPlatformAdmin, createTenant, type Tenant, uploadFile } from "../harness/client.ts";
import { invited, newAddress } from "../invitations/inbox.ts";
import { memberIdOf } from "../members/members.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const platformAdmin = await createPlatformAdmin(app);
const [here, elsewhere] = [await populated(), await populated()];
const { token } = here.people.org_admin;

/** A tenant with one of everything that has an id. */
async function populated() {
  const tenant: Tenant = await createTenant(app);
  const { organizationId, people } = tenant;
  const invitation = await invited(app, organizationId, people.org_admin, newAddress());
  const file = await uploadFile(
    app,
    people.org_admin.token,
    Buffer.from("plain text"),
    presign(organizationId),
  );
  const memberId = await memberIdOf(app, organizationId, people.client);
  return { ...tenant, memberId, invitationId: invitation.id, fileId: String(file.id) };
}

function presign(organizationId: string) {
  return { target: "organizationFile", organizationId, fileName: "notes.txt", contentType: "text/plain" };
}

const at = (organizationId: string, rest = "") => `/api/v1/organizations/${organizationId}${rest}`;

describe.each(["X-Organization-Id", "X-Tenant", "Organization-Id"])("%s of another organization", (name) => {
  const headers = { [name]: elsewhere.organizationId };

  test.each([
    ["/api/v1/me", 200],
    [at(here.organizationId), 200],
    [at(here.organizationId, "/settings"), 200],
    [at(here.organizationId, "/members"), 200],
    [at(here.organizationId, "/invitations"), 200],
    [`/api/v1/files?organizationId=${here.organizationId}`, 200],
    [`/api/v1/files/${here.fileId}`, 200],
    [at(elsewhere.organizationId), 404],
    [at(elsewhere.organizationId, "/members"), 404],
    [`/api/v1/files/${elsewhere.fileId}`, 404],
  ])("changes nothing of GET %s", async (path, status) => {
    const [plain, forged] = [
      await call(app, "GET", path, { token }),
      await call(app, "GET", path, { token, headers }),
    ];
    expect([plain.status, forged.status]).toEqual([status, status]);
    expect(withoutRequest(forged.json)).toEqual(withoutRequest(plain.json));
  });

  test("writes to the organization of the path, or of the body, and to no other", async () => {
    const before = await stateOf(elsewhere);
    const renamed = `Renamed ${randomUUID()}`;
    const email = newAddress();
    const write = (method: string, path: string, body?: unknown) =>
      call(app, method, path, { token, headers, body });
    expect((await write("PATCH", at(here.organizationId), { name: renamed })).json.name).toBe(renamed);
    const made = await write("POST", at(here.organizationId, "/invitations"), { email, role: "client" });
    expect(made.status).toBe(201);
    expect(await sql`select organization_id from invitation where id = ${made.json.id}`).toEqual([
      { organization_id: here.organizationId },
    ]);
    const upload = await write("POST", "/api/v1/files/presign", { ...presign(here.organizationId), size: 4 });
    expect(upload.status).toBe(201);
    expect(upload.json.storageKey).not.toContain(elsewhere.organizationId);
    for (const [method, path, body] of [
      ["PATCH", at(elsewhere.organizationId), { name: renamed }],
      ["DELETE", at(elsewhere.organizationId), undefined],
      ["POST", at(elsewhere.organizationId, "/invitations"), { email, role: "client" }],
      ["PATCH", at(elsewhere.organizationId, `/members/${elsewhere.memberId}`), { role: "org_admin" }],
      ["POST", "/api/v1/files/presign", { ...presign(elsewhere.organizationId), size: 4 }],
      ["DELETE", `/api/v1/files/${elsewhere.fileId}`, undefined],
    ] as const)
      expect((await write(method, path, body)).status, `${method} ${path}`).toBe(404);
    expect(await stateOf(elsewhere)).toEqual(before);
  });
});

/** What a stranger could have changed. */
const stateOf = ({ organizationId }: Tenant) => sql`
  select o.name, o.version, o.deleted_at,
    (select count(*)::int from invitation i where i.organization_id = o.id) as invitations,
    (select count(*)::int from file f where f.organization_id = o.id) as files,
    (select jsonb_agg(m order by m.id) from member m where m.organization_id = o.id) as members
  from organization o where o.id = ${organizationId}`;

describe("an id of another tenant is answered like one that nobody made:", () => {
  const home = (rest: string) => at(here.organizationId, rest);
  test.each<[string, string, (id: string) => string, string, unknown?]>([
    ["organization", "GET", (id) => at(id), elsewhere.organizationId],
    ["organization", "GET", (id) => at(id, "/audit-events"), elsewhere.organizationId],
    ["organization of files", "GET", (id) => `/api/v1/files?organizationId=${id}`, elsewhere.organizationId],
    ["member", "GET", (id) => home(`/members/${id}`), elsewhere.memberId],
    ["member", "PATCH", (id) => home(`/members/${id}`), elsewhere.memberId, { role: "coach" }],
    ["member", "DELETE", (id) => home(`/members/${id}`), elsewhere.memberId],
    ["member", "POST", (id) => home(`/members/${id}/revoke-sessions`), elsewhere.memberId],
    ["member", "POST", (id) => home(`/members/${id}/reset-2fa`), elsewhere.memberId],
    ["user as a member", "GET", (id) => home(`/members/${id}`), elsewhere.people.client.userId],
    ["invitation", "POST", (id) => home(`/invitations/${id}/resend`), elsewhere.invitationId],
    ["invitation", "DELETE", (id) => home(`/invitations/${id}`), elsewhere.invitationId],
    ["file", "GET", (id) => `/api/v1/files/${id}`, elsewhere.fileId],
    ["file", "GET", (id) => `/api/v1/files/${id}/stream`, elsewhere.fileId],
    ["file", "DELETE", (id) => `/api/v1/files/${id}`, elsewhere.fileId],
    ["file", "POST", (id) => `/api/v1/files/${id}/release`, elsewhere.fileId],
  ])("%s, %s", async (_, method, path, id, body) => {
    const before = await stateOf(elsewhere);
    const [foreign, random] = await Promise.all(
      [id, randomUUID()].map((one) => call(app, method, path(one), { token, body })),
    );
    expect(foreign).toMatchObject({ status: 404, json: { code: "not_found" } });
    expect(withoutRequest(foreign?.json)).toEqual(withoutRequest(random?.json));
    expect(await stateOf(elsewhere)).toEqual(before);
  });

  test("also where a platform admin mixes the ids of two tenants", async () => {
    for (const path of [`/members/${elsewhere.memberId}`, `/members/${randomUUID()}`]) {
      const answer = await call(app, "GET", home(path), { token: platformAdmin.token });
      expect(answer).toMatchObject({ status: 404, json: { detail: "Not found" } });
    }
    const revoke = await call(app, "DELETE", home(`/invitations/${elsewhere.invitationId}`), {
      token: platformAdmin.token,
    });
    expect(revoke.status).toBe(404);
  });

  test("a person in a filter of the log finds nothing", async () => {
    for (const actorId of [elsewhere.people.org_admin.userId, randomUUID()]) {
      const { status, json } = await call(app, "GET", `${logOf(here.organizationId)}?actorId=${actorId}`, {
        token,
      });
      expect([status, json.data]).toEqual([200, []]);
    }
  });
});

test.each(["/audit-events", "/members"])("a cursor of another tenant's %s opens nothing", async (list) => {
  const first = await call(app, "GET", at(elsewhere.organizationId, `${list}?limit=1`), {
    token: platformAdmin.token,
  });
  const cursor = encodeURIComponent(first.json.page.nextCursor);
  const path = at(here.organizationId, `${list}?cursor=`);
  const [stolen, madeUp] = [
    await call(app, "GET", path + cursor, { token: platformAdmin.token }),
    await call(app, "GET", `${path}x`, { token: platformAdmin.token }),
  ];
  expect(stolen).toMatchObject({ status: 400, json: { code: "invalid_cursor" } });
  expect(withoutRequest(stolen.json)).toEqual(withoutRequest(madeUp.json));
});
