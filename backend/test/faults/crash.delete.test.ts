import { beforeEach, describe, expect, it } from "vitest";
import { createFileJobs } from "../../src/features/files/files.jobs.ts";
import { createFilesService } from "../../src/features/files/files.service.ts";
import { deleteFile, documentOf, stream } from "../files/client.ts";
import { document, picture } from "../files/samples.ts";
import { call, uploadFile } from "../harness/client.ts";
import {
  atEveryStep,
  crashWorld,
  expectNothingLeftOver,
  fileIdOf,
  filesDeps,
  letTimePass,
  runUntil,
  staged,
  sweep,
} from "./crash.world.ts";

const { app, tenant, boss, caller, paper } = await crashWorld();
const { sql } = app.deps.database;
const bytes = document(3000);
let problems: string[] = [];

beforeEach(() => {
  problems = [];
});

describe.each(["killed", "failed"] as const)("%s at any of its steps", (mishap) => {
  it("a deletion leaves the file whole or gone, and its bytes go with it", async () => {
    const steps = await atEveryStep(mishap, async (point) => {
      const { id } = await uploadFile(app, boss.token, bytes, documentOf(tenant));
      const { survived, label } = await runUntil(app, point, (deps) =>
        createFilesService({ ...deps, reads: app.deps.reads }).delete(caller, id, undefined),
      );
      const served = await stream(app, boss.token, id);
      const whole = served.status === 200 && served.bytes.equals(bytes);
      if (!whole && served.status !== 404) problems.push(`${label}: stream is ${served.status}`);
      const again = await deleteFile(app, boss.token, id);
      if (again.status !== (whole ? 204 : 404)) problems.push(`${label}: a repeat is ${again.status}`);
      return survived;
    });
    expect(steps).toBeGreaterThan(4);
    expect(problems).toEqual([]);
    await expectNothingLeftOver(app);
  });

  it("a deletion of an avatar leaves it shown and whole, or neither", async () => {
    const picked = { target: "avatar", fileName: "a.png", contentType: "image/png" };
    const steps = await atEveryStep(mishap, async (point) => {
      const { id } = await uploadFile(app, boss.token, picture(), picked);
      const { survived, label } = await runUntil(app, point, (deps) =>
        createFilesService({ ...deps, reads: app.deps.reads }).delete(caller, id, undefined),
      );
      const { avatarFileId } = (await call(app, "GET", "/api/v1/me", { token: boss.token })).json;
      const { status } = await stream(app, boss.token, id);
      const state = JSON.stringify([avatarFileId, status]);
      if (![JSON.stringify([id, 200]), "[null,404]"].includes(state)) problems.push(`${label}: ${state}`);
      await deleteFile(app, boss.token, id);
      return survived;
    });
    expect(steps).toBeGreaterThan(5);
    expect(problems).toEqual([]);
    await expectNothingLeftOver(app);
  });

  it("the removal of a picture's objects is done again, to its end", async () => {
    const steps = await atEveryStep(mishap, async (point) => {
      const keys = ["", ".64.webp", ".256.webp", ".1024.webp"].map((end) => `objects/${boss.userId}/a${end}`);
      for (const key of keys)
        await app.deps.storage.put(key, bytes, { contentType: "image/webp", size: bytes.length });
      const { survived } = await runUntil(app, point, (deps) =>
        createFileJobs(deps).handlers["object-delete"]({ keys }),
      );
      await createFileJobs(filesDeps(app)).handlers["object-delete"]({ keys });
      return survived;
    });
    expect(steps).toBe(4);
    await expectNothingLeftOver(app);
  });

  it("the sweep leaves nothing to the next one that it could not find", async () => {
    const steps = await atEveryStep(mishap, async (point) => {
      await staged(app, caller, bytes, paper);
      const half = await staged(app, caller, bytes, paper);
      // Killed between the copy and the row.
      await app.deps.storage.copy(
        `staging/${half}`,
        `objects/${tenant.organizationId}/${await fileIdOf(app, half)}`,
      );
      await app.deps.storage.put(`staging/documents/${crypto.randomUUID()}.pdf`, bytes, {
        contentType: "application/pdf",
        size: bytes.length,
      });
      await letTimePass(app);
      const { survived } = await runUntil(app, point, async (deps) => sweep(app, deps));
      await sweep(app);
      return survived;
    });
    expect(steps).toBeGreaterThan(3);
    await expectNothingLeftOver(app);
  });

  it("the check of a large file is done again, and ends as it should", async () => {
    const verify = async (sha256: string | null) => {
      const ids: string[] = [];
      const steps = await atEveryStep(mishap, async (point) => {
        const storageKey = await staged(app, caller, bytes, paper);
        const fileId = await fileIdOf(app, storageKey);
        await sql`insert into file (id, target, organization_id, file_name, declared_type, content_type, size, uploaded_by, status)
          values (${fileId}, 'organizationFile', ${tenant.organizationId}, 'a.pdf', 'application/pdf', 'application/pdf',
            ${bytes.length}, ${boss.userId}, 'processing')`;
        await sql`update upload_intent set used_at = now() where file_id = ${fileId}`;
        ids.push(fileId);
        const job = { fileId, stagingKey: `staging/${storageKey}`, sha256 };
        const { survived } = await runUntil(app, point, (deps) =>
          createFileJobs(deps).handlers["file-verify"](job),
        );
        // The queue hands the job out again, however far it came; at worst, twice at a time.
        const { handlers } = createFileJobs(filesDeps(app));
        await Promise.all([handlers["file-verify"](job), handlers["file-verify"](job)]);
        await handlers["file-verify"](job);
        return survived;
      });
      expect(steps).toBeGreaterThan(5);
      return sql<{ status: string }[]>`select distinct status from file where id = any (${ids})`;
    };
    expect(await verify(null)).toMatchObject([{ status: "ready" }]);
    expect(await verify("0".repeat(64))).toMatchObject([{ status: "rejected" }]);
    await letTimePass(app);
    await sweep(app);
    await expectNothingLeftOver(app);
  });
});
