import { describe, expect, it } from "vitest";
import { createFileJobs } from "../../src/features/files/files.jobs.ts";
import { createOrganizationPurge } from "../../src/features/organizations/organizations.lifecycle.ts";
import {
  atEveryStep,
  crashWorld,
  expectNothingLeftOver,
  expectSoundStore,
  letTimePass,
  runUntil,
  sweep,
} from "./crash.world.ts";

const { app, boss } = await crashWorld();
const { sql } = app.deps.database;

/** An organization that was deleted 31 days ago, with a logo, a document and an upload that is under way. */
async function overdue(): Promise<string> {
  const [organizationId, logo, paper] = [1, 2, 3].map(() => crypto.randomUUID()) as [string, string, string];
  await sql`insert into organization (id, name, slug, deleted_at)
    values (${organizationId}, 'Gone', ${`gone-${organizationId}`}, now() - interval '31 days')`;
  const put = (key: string) =>
    app.deps.storage.put(key, Buffer.from("x"), { contentType: "text/plain", size: 1 });
  for (const [id, target, sizes] of [
    [logo, "orgLogo", [64, 256, 1024]],
    [paper, "organizationFile", []],
  ] as const) {
    await sql`insert into file
      (id, target, organization_id, file_name, declared_type, content_type, size, uploaded_by, status, sizes)
      values (${id}, ${target}, ${organizationId}, 'a', 'text/plain', 'text/plain', 1, ${boss.userId}, 'ready', ${sizes as never})`;
    for (const suffix of ["", ...sizes.map((size) => `.${size}.webp`)])
      await put(`objects/${organizationId}/${id}${suffix}`);
  }
  await sql`update organization set logo_file_id = ${logo} where id = ${organizationId}`;
  const storageKey = `documents/${crypto.randomUUID()}.txt`;
  await sql`insert into upload_intent
    (id, file_id, storage_key, target, organization_id, file_name, declared_type, size, user_id, expires_at)
    values (${crypto.randomUUID()}, ${crypto.randomUUID()}, ${storageKey}, 'organizationFile', ${organizationId},
      'a', 'text/plain', 1, ${boss.userId}, now() + interval '1 hour')`;
  await put(`staging/${storageKey}`);
  return organizationId;
}

describe.each(["killed", "failed"] as const)("a purge that is %s at any of its steps", (mishap) => {
  it("leaves the organization with all it has, or nothing of it", async () => {
    const problems: string[] = [];
    const steps = await atEveryStep(mishap, async (point) => {
      const id = await overdue();
      const { survived, label } = await runUntil(app, point, (deps) =>
        createOrganizationPurge({
          db: deps.db,
          removeFiles: createFileJobs(deps).removeOrganization,
        }).run(),
      );
      const [left] = await sql<{ organizations: number; files: number; intents: number; events: number }[]>`
        select (select count(*)::int from organization where id = ${id}) organizations,
          (select count(*)::int from file where organization_id = ${id}) files,
          (select count(*)::int from upload_intent where organization_id = ${id}) intents,
          (select count(*)::int from audit_event where target_id = ${id}) events`;
      const { organizations, files, intents, events } = left ?? {};
      const state = JSON.stringify([organizations, files, intents, events]);
      if (!["[1,2,1,0]", "[0,0,0,1]"].includes(state)) problems.push(`${label}: ${state}`);
      await app.deps.schedules.find(({ name }) => name === "organization-purge")?.run();
      return survived;
    });
    expect(problems).toEqual([]);
    expect(steps).toBeGreaterThan(8);
    expect(await sql`select 1 from organization where deleted_at is not null`).toEqual([]);
    await letTimePass(app);
    await sweep(app);
    await expectNothingLeftOver(app);
    await expectSoundStore(app);
  });
});
