import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createPlatformAdmin, createTenant, join, makeStale } from "../harness/client.ts";
import { answer, invite, invited, letExpire, mailsTo, newAddress, newestToken, pathOf } from "./inbox.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const platformAdmin = await createPlatformAdmin(app);

const resend = (organizationId: string, id: string, token: string) =>
  call(app, "POST", `${pathOf(organizationId)}/${id}/resend`, { token });
const revoke = (organizationId: string, id: string, token: string) =>
  call(app, "DELETE", `${pathOf(organizationId)}/${id}`, { token });
const preview = (token: string) => call(app, "GET", `/api/v1/invitations/${token}`);

async function tenantWithInvitations() {
  const tenant = await createTenant(app);
  const { organizationId, people } = tenant;
  await sql`update organization set coaches_invite_clients = true where id = ${organizationId}`;
  const ids = {
    admin: (await invited(app, organizationId, platformAdmin, newAddress(), "org_admin")).id,
    manager: (await invited(app, organizationId, people.org_admin, newAddress(), "manager")).id,
    coach: (await invited(app, organizationId, people.manager, newAddress(), "coach")).id,
    client: (await invited(app, organizationId, people.coach, newAddress(), "client")).id,
  };
  return { ...tenant, ids };
}

describe("the list", () => {
  test("shows each caller what they may deal with, newest first, and never a token", async () => {
    const { organizationId, people, ids } = await tenantWithInvitations();
    const seen = async (token: string) => {
      const list = await call(app, "GET", pathOf(organizationId), { token });
      expect(list.status).toBe(200);
      expect(list.text).not.toMatch(/token|hash/i);
      return list.json.data.map(({ id }: { id: string }) => id);
    };
    const all = [ids.client, ids.coach, ids.manager, ids.admin];
    expect(await seen(platformAdmin.token)).toEqual(all);
    expect(await seen(people.org_admin.token)).toEqual(all);
    expect(await seen(people.manager.token)).toEqual([ids.client, ids.coach]);
    expect(await seen(people.coach.token)).toEqual([ids.client]);
    const client = await call(app, "GET", pathOf(organizationId), { token: people.client.token });
    expect(client.status).toBe(403);
  });

  test("names the inviter, but a platform admin only to platform admins", async () => {
    const { organizationId, people, ids } = await tenantWithInvitations();
    const inviters = async (token: string) => {
      const { json } = await call(app, "GET", pathOf(organizationId), { token });
      return new Map(json.data.map((one: { id: string; invitedBy: string }) => [one.id, one.invitedBy]));
    };
    const forAdmin = await inviters(people.org_admin.token);
    expect(forAdmin.get(ids.coach)).toBe(people.manager.userId);
    expect(forAdmin.get(ids.admin)).toBeNull();
    expect((await inviters(platformAdmin.token)).get(ids.admin)).toBe(platformAdmin.userId);
  });

  test("comes in pages, and its cursor is good for this organization only", async () => {
    const { organizationId, people, ids } = await tenantWithInvitations();
    const other = await createTenant(app);
    const first = await call(app, "GET", `${pathOf(organizationId)}?limit=3`, {
      token: people.org_admin.token,
    });
    expect(first.json.page).toMatchObject({ hasMore: true });
    const cursor = encodeURIComponent(first.json.page.nextCursor);
    const second = await call(app, "GET", `${pathOf(organizationId)}?limit=3&cursor=${cursor}`, {
      token: people.org_admin.token,
    });
    expect(second.json.data.map(({ id }: { id: string }) => id)).toEqual([ids.admin]);
    expect(second.json.page).toEqual({ nextCursor: null, hasMore: false });
    const foreign = await call(app, "GET", `${pathOf(other.organizationId)}?cursor=${cursor}`, {
      token: other.people.org_admin.token,
    });
    expect(foreign).toMatchObject({ status: 400, json: { code: "invalid_cursor" } });
  });

  test("tells an expired invitation from a pending one", async () => {
    const { organizationId, people, ids } = await tenantWithInvitations();
    await letExpire(app, ids.coach);
    const { json } = await call(app, "GET", pathOf(organizationId), { token: people.org_admin.token });
    expect(json.data.map(({ status }: { status: string }) => status)).toEqual([
      "pending",
      "expired",
      "pending",
      "pending",
    ]);
  });
});

describe("resending", () => {
  test.each([false, true])("makes a new link and kills the old one (expired: %s)", async (expired) => {
    const { organizationId, people } = await createTenant(app);
    const email = newAddress();
    const { id, token: old } = await invited(app, organizationId, people.manager, email, "coach");
    await sql`update invitation set expires_at = now() + interval '1 day' where id = ${id}`;
    if (expired) await letExpire(app, id);
    const sent = await resend(organizationId, id, people.org_admin.token);
    expect(sent).toMatchObject({
      status: 200,
      json: { id, email, status: "pending", invitedBy: people.manager.userId },
    });
    expect(Date.parse(sent.json.expiresAt)).toBeGreaterThan(Date.now() + 6.9 * 86_400_000);
    expect(await mailsTo(app, email)).toHaveLength(2);
    const fresh = await newestToken(app, email);
    expect(fresh).not.toBe(old);
    expect((await preview(old)).status).toBe(404);
    expect((await preview(fresh)).status).toBe(200);
  });

  test("20 at once leave one link that works", async () => {
    const { organizationId, people } = await createTenant(app);
    const email = newAddress();
    const { id } = await invited(app, organizationId, people.org_admin, email);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => resend(organizationId, id, people.org_admin.token)),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const tokens = (await mailsTo(app, email)).map(({ text }) => /invitations\/(\S+)/.exec(text)?.[1] ?? "");
    expect(new Set(tokens).size).toBe(21);
    const statuses = await Promise.all(tokens.map(async (token) => (await preview(token)).status));
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  });

  test("is refused once the invitation was answered or revoked, or the person joined otherwise", async () => {
    const { organizationId, people } = await createTenant(app);
    const token = people.org_admin.token;
    const [a, b, c] = [await createPerson(app), await createPerson(app), await createPerson(app)];
    const accepted = await invited(app, organizationId, people.org_admin, a.email);
    await answer(app, accepted.token, "accept", a);
    const declined = await invited(app, organizationId, people.org_admin, b.email);
    await answer(app, declined.token, "decline", b);
    const revoked = await invited(app, organizationId, people.org_admin, newAddress());
    await revoke(organizationId, revoked.id, token);
    for (const { id } of [accepted, declined, revoked])
      expect(await resend(organizationId, id, token)).toMatchObject({
        status: 409,
        json: { code: "invalid_state" },
      });
    const joined = await invited(app, organizationId, people.org_admin, c.email);
    await join(app, organizationId, c, "client");
    expect(await resend(organizationId, joined.id, token)).toMatchObject({
      status: 409,
      json: { code: "conflict" },
    });
    expect((await preview(joined.token)).status).toBe(200);
  });

  test("an org_admin's invitation needs a fresh credential", async () => {
    const { organizationId, people } = await createTenant(app);
    const email = newAddress();
    const { id } = await invited(app, organizationId, people.org_admin, email, "org_admin");
    await makeStale(app, people.org_admin);
    const refused = await resend(organizationId, id, people.org_admin.token);
    expect(refused).toMatchObject({ status: 403, json: { code: "step_up_required" } });
    expect(await mailsTo(app, email)).toHaveLength(1);
  });

  test("ends for a coach when the organization lets coaches invite no more", async () => {
    const { organizationId, people, ids } = await tenantWithInvitations();
    await sql`update organization set coaches_invite_clients = false where id = ${organizationId}`;
    expect((await resend(organizationId, ids.client, people.coach.token)).status).toBe(403);
    expect((await revoke(organizationId, ids.client, people.coach.token)).status).toBe(204);
  });
});

describe("revoking", () => {
  test("kills the link, once", async () => {
    const { organizationId, people } = await createTenant(app);
    const { id, token } = await invited(app, organizationId, people.org_admin, newAddress());
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => revoke(organizationId, id, people.org_admin.token)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(19).fill(404)]);
    expect((await preview(token)).status).toBe(404);
  });

  test("makes room for a new invitation of the same address and role", async () => {
    const { organizationId, people } = await createTenant(app);
    const email = newAddress();
    const { id } = await invited(app, organizationId, people.org_admin, email);
    await revoke(organizationId, id, people.org_admin.token);
    expect((await invite(app, organizationId, people.org_admin, email)).status).toBe(201);
  });

  test("an answered invitation is refused", async () => {
    const { organizationId, people } = await createTenant(app);
    const person = await createPerson(app);
    const { id, token } = await invited(app, organizationId, people.org_admin, person.email);
    await answer(app, token, "decline", person);
    expect(await revoke(organizationId, id, people.org_admin.token)).toMatchObject({
      status: 409,
      json: { code: "invalid_state" },
    });
  });
});

test("an invitation above one's ceiling is 403, another coach's or tenant's is 404 like a random id", async () => {
  const { organizationId, people, ids } = await tenantWithInvitations();
  const colleague = await createPerson(app);
  await join(app, organizationId, colleague, "coach");
  const stranger = await createTenant(app);
  for (const verb of [resend, revoke]) {
    expect((await verb(organizationId, ids.manager, people.manager.token)).status).toBe(403);
    expect((await verb(organizationId, ids.client, people.client.token)).status).toBe(403);
    const random = await verb(organizationId, crypto.randomUUID(), people.org_admin.token);
    const unknown = [
      random,
      await verb(organizationId, ids.client, colleague.token),
      await verb(organizationId, ids.coach, people.coach.token),
      await verb(stranger.organizationId, ids.client, stranger.people.org_admin.token),
      await verb(organizationId, ids.client, stranger.people.org_admin.token),
      await verb(organizationId, "no-id", people.org_admin.token),
    ];
    for (const { status, json } of unknown)
      expect({ status, detail: json.detail, code: json.code }).toEqual({
        status: 404,
        detail: random.json.detail,
        code: "not_found",
      });
  }
  const rows = await sql`select version, status from invitation where organization_id = ${organizationId}`;
  expect(rows.every(({ version, status }) => version === 1 && status === "pending")).toBe(true);
});
