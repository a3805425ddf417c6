import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { expect, test } from "vitest";
import { call, createPlatformAdmin, createTenant, type Tenant, uploadFile } from "../harness/client.ts";
import { findings, judge, mailsTo, startJudgedApp, times } from "./judging.ts";

const app = await startJudgedApp();
const platformAdmin = await createPlatformAdmin(app);
const { sql } = app.deps.database;

/** Files that are registered, without bytes: their download URLs are what counts. */
async function filesOf({ organizationId, people }: Tenant, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await sql`
    insert into file ${sql(
      ids.map((id) => ({
        id,
        target: "organizationFile",
        organization_id: organizationId,
        file_name: "paper.pdf",
        declared_type: "application/pdf",
        content_type: "application/pdf",
        size: 1,
        uploaded_by: people.org_admin.userId,
        status: "ready",
      })),
    )}`;
  return ids;
}

test("somebody who reads many files within an hour is told; the same file counts once", async () => {
  const tenant = await createTenant(app);
  const { people, organizationId } = tenant;
  const { token, userId } = people.manager;
  const ids = await filesOf(tenant, 199);
  const read = (id: string) => call(app, "GET", `/api/v1/files/${id}`, { token });
  await times(199, async (i) => expect((await read(ids[i] ?? "")).status).toBe(200));
  await times(30, () => read(ids[0] ?? ""));
  await judge(app);
  expect(await findings(app, userId)).toEqual([]);

  const bytes = new TextEncoder().encode("%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n");
  const last = await uploadFile(app, people.org_admin.token, bytes, {
    target: "organizationFile",
    organizationId,
    fileName: "last.pdf",
    contentType: "application/pdf",
  });
  expect((await call(app, "GET", `/api/v1/files/${last.id}/stream`, { token })).status).toBe(200);
  await judge(app);
  expect(await findings(app, userId)).toEqual([
    { log: organizationId, type: "user", subject: userId, rule: "mass-file-reads", count: 200 },
  ]);
  expect(await mailsTo(app, people.org_admin)).toHaveLength(1);
  for (const person of [people.manager, people.coach, platformAdmin])
    expect(await mailsTo(app, person)).toEqual([]);
});

test("somebody who pages through lists all day is told, in the log of whose lists they are", async () => {
  const { people, organizationId } = await createTenant(app);
  await sql`
    insert into "user" (id, name, email)
    select gen_random_uuid(), 'Somebody', 'n' || n || ${`@${organizationId}.test`} from generate_series(1, 96) n`;
  await sql`
    insert into member (id, organization_id, user_id, role)
    select gen_random_uuid(), ${organizationId}, id, 'client' from "user"
    where email like ${`%@${organizationId}.test`}`;
  const { token, userId } = people.manager;
  await times(100, () =>
    call(app, "GET", `/api/v1/organizations/${organizationId}/members?limit=100`, { token }),
  );
  await judge(app);
  expect(await findings(app, userId)).toMatchObject([
    { log: organizationId, rule: "mass-record-reads", count: 10_000 },
  ]);
});

test("exports are counted by themselves", async () => {
  const { people, organizationId } = await createTenant(app);
  const { token, userId } = people.org_admin;
  for (let i = 0; i < 5; i++)
    await call(app, "GET", `/api/v1/organizations/${organizationId}/audit-events/export`, { token });
  await judge(app);
  expect(await findings(app, userId)).toMatchObject([
    { log: organizationId, rule: "mass-exports", count: 5 },
  ]);
});

test("counting adds no statement to a request, and what cannot be written is kept", async () => {
  const { people, organizationId } = await createTenant(app);
  const { token, userId } = people.manager;
  const owner = postgres(app.database.ownerUrl, { max: 1 });
  const counted = () => sql`select count from anomaly_signal where subject = ${userId}`;
  await app.deps.reads.flush();
  await owner`revoke insert on anomaly_signal from coaching_app`;
  try {
    app.statements.length = 0;
    await call(app, "GET", `/api/v1/organizations/${organizationId}/members`, { token });
    await app.deps.reads.flush();
    expect(app.statements.filter((text) => text.includes("anomaly"))).toEqual([]);
    expect(await counted()).toEqual([]);
  } finally {
    await owner`grant insert on anomaly_signal to coaching_app`;
    await owner.end();
  }
  await app.deps.reads.flush();
  expect(await counted()).toEqual([{ count: 4 }]);
});
