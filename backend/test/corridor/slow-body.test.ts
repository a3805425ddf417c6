import { request } from "node:http";
import { beforeEach, expect, test, vi } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { createPlatformAdmin, createTenant, makeStale, type Tenant } from "../harness/client.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;

let tenant: Tenant;
beforeEach(async () => {
  tenant = await createTenant(app);
});

/** Sends half of the body, does `meanwhile` once the server knows who asks, and sends the rest. */
async function slowly(
  { method, path, token, body }: { method: string; path: string; token: string; body: object },
  meanwhile: () => Promise<unknown>,
): Promise<{ status: number; code: string | undefined }> {
  const text = JSON.stringify(body);
  const outgoing = request(`${app.url}${path}`, {
    method,
    agent: false,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "content-length": String(text.length),
    },
  });
  const answered = new Promise<{ status: number; code: string | undefined }>((done, fail) => {
    outgoing.once("error", fail);
    outgoing.once("response", async (incoming) => {
      const parts: Buffer[] = [];
      for await (const part of incoming) parts.push(part);
      const said = parts.length === 0 ? {} : JSON.parse(Buffer.concat(parts).toString());
      done({ status: incoming.statusCode ?? 0, code: said.code });
    });
  });
  app.statements.length = 0;
  outgoing.write(text.slice(0, 1));
  await vi.waitFor(() => expect(app.statements.some((one) => one.includes("from session s"))).toBe(true), {
    timeout: 15_000,
  });
  await meanwhile();
  outgoing.end(text.slice(1));
  return answered;
}

const settings = (token: string) => ({
  method: "PATCH",
  path: `/api/v1/organizations/${tenant.organizationId}/settings`,
  token,
  body: { twoFactorRoles: ["client"] },
});

test.each([
  [
    "demoted",
    403,
    "forbidden",
    (id: string) => sql`update member set role = 'manager' where user_id = ${id}`,
  ],
  [
    "suspended",
    403,
    "suspended",
    (id: string) => sql`update member set status = 'suspended' where user_id = ${id}`,
  ],
  [
    "removed",
    404,
    "not_found",
    (id: string) => sql`update member set status = 'removed' where user_id = ${id}`,
  ],
  [
    "banned",
    401,
    "unauthenticated",
    (id: string) => sql`update "user" set banned_at = now() where id = ${id}`,
  ],
  ["signed out", 401, "unauthenticated", (id: string) => sql`delete from session where user_id = ${id}`],
])("who is %s while the body is on its way gets %i", async (_, status, code, change) => {
  const { token, userId } = tenant.people.org_admin;
  expect(await slowly(settings(token), () => change(userId))).toEqual({ status, code });
  const [row] = await sql`select two_factor_roles from organization where id = ${tenant.organizationId}`;
  expect(row).toEqual({ two_factor_roles: [] });
});

test("a credential that was fresh when the body began is none when it ends", async () => {
  const admin = await createPlatformAdmin(app);
  const path = `/api/v1/platform/users/${tenant.people.client.userId}`;
  const body = { globalRole: "platform_admin" };
  const stale = () => makeStale(app, admin);
  const answer = await slowly({ method: "PATCH", path, token: admin.token, body }, stale);
  expect(answer).toEqual({ status: 403, code: "step_up_required" });
});

test("who is only slow is served", async () => {
  const answer = await slowly(settings(tenant.people.org_admin.token), async () => {});
  expect(answer.status).toBe(200);
});
