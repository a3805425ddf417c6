import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import {
  call,
  createPerson,
  createPlatformAdmin,
  createTenant,
  join,
  type Person,
} from "../harness/client.ts";
import { someoneWaits } from "../harness/locks.ts";
import { memberIdOf, pathOf } from "./members.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;

const losses = [
  ["demoted", 403, (id: string) => sql`update member set role = 'coach' where user_id = ${id}`],
  ["suspended", 403, (id: string) => sql`update member set status = 'suspended' where user_id = ${id}`],
  ["removed", 404, (id: string) => sql`update member set status = 'removed' where user_id = ${id}`],
  ["banned", 401, (id: string) => sql`update "user" set banned_at = now() where id = ${id}`],
] as const;

/** Somebody whose rights are to end, and a member who is to be acted on by them. */
async function createScene() {
  const { organizationId, people } = await createTenant(app);
  const second = await createPerson(app);
  await join(app, organizationId, second, "org_admin");
  const { client } = people;
  const path = pathOf(organizationId, `/${await memberIdOf(app, organizationId, client)}`);
  return { organizationId, second, client, path };
}

/** Lets a request wait for the row of its target while the rights of the one who asks end. */
async function overtaken(
  table: "member" | "user",
  target: Person,
  start: () => ReturnType<typeof call>,
  loss: () => Promise<unknown>,
) {
  let running: ReturnType<typeof call> | undefined;
  await sql.begin(async (tx) => {
    await tx`select 1 from ${tx(table)} where ${tx(table === "user" ? "id" : "user_id")} = ${target.userId} for update`;
    running = start();
    await someoneWaits(app);
    await loss();
  });
  return running;
}

test.each(losses)(
  "who is %s while the change waits gets %i, and nobody becomes org_admin",
  async (_, status, lose) => {
    const { organizationId, second, client, path } = await createScene();
    const answer = await overtaken(
      "member",
      client,
      () => call(app, "PATCH", path, { token: second.token, body: { role: "org_admin" } }),
      () => lose(second.userId),
    );
    expect(answer?.status).toBe(status);
    const [row] = await sql`
    select role from member where organization_id = ${organizationId} and user_id = ${client.userId}`;
    expect(row).toEqual({ role: "client" });
  },
);

test.each(losses)("who is %s while the removal waits gets %i", async (_, status, lose) => {
  const { second, client, path } = await createScene();
  const remove = () => call(app, "DELETE", path, { token: second.token });
  expect((await overtaken("member", client, remove, () => lose(second.userId)))?.status).toBe(status);
  expect(await sql`select status from member where user_id = ${client.userId}`).toEqual([
    { status: "active" },
  ]);
});

test("who is demoted while a reset waits resets nothing", async () => {
  const { second, client, path } = await createScene();
  const [, , demote] = losses[0];
  const reset = () => call(app, "POST", `${path}/revoke-sessions`, { token: second.token });
  expect((await overtaken("member", client, reset, () => demote(second.userId)))?.status).toBe(403);
  expect((await call(app, "GET", "/api/v1/me", { token: client.token })).status).toBe(200);
});

test.each([
  ["PATCH", "", { globalRole: "platform_admin" }],
  ["POST", "/ban", undefined],
])("a platform admin who is demoted while %s %s waits changes nobody", async (method, rest, body) => {
  const [admin, target] = [await createPlatformAdmin(app), await createPerson(app)];
  const path = `/api/v1/platform/users/${target.userId}${rest}`;
  const answer = await overtaken(
    "user",
    target,
    () => call(app, method, path, { token: admin.token, body }),
    () => sql`update "user" set global_role = null where id = ${admin.userId}`,
  );
  expect(answer?.status).toBe(403);
  const rows = await sql`select global_role, banned_at from "user" where id = ${target.userId}`;
  expect(rows).toEqual([{ global_role: null, banned_at: null }]);
});
