import { describe, expect, it, vi } from "vitest";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import { createFileJobs } from "../../src/features/files/files.jobs.ts";
import { createMultipart } from "../../src/features/files/files.multipart.ts";
import { createRegister } from "../../src/features/files/files.register.ts";
import { callerOf, filesDeps } from "../faults/crash.world.ts";
import { createTenant } from "../harness/client.ts";
import { documentOf, register, stagedObject, upload } from "./client.ts";
import {
  abort,
  begin,
  complete,
  openUploads,
  parts,
  type Started,
  sendPart,
  uploadInParts,
} from "./multipart.ts";
import { pdf } from "./samples.ts";
import type { World } from "./world.ts";

export function describeMultipartEnds({ app, home }: World): void {
  const boss = home.people.org_admin;
  const { token } = boss;
  const { sql } = app.deps.database;
  const paper = documentOf(home, { size: pdf.length });

  const idOf = async ({ uploadId }: Started) =>
    String((await sql`select upload_id from upload_intent where id = ${uploadId}`)[0]?.upload_id);

  /** As if the register at work on it had begun two minutes ago. */
  const stale = ({ uploadId }: Started) =>
    sql`update upload_intent set claimed_at = now() - interval '2 minutes' where id = ${uploadId}`;

  /** As the store answers two hours from now. */
  const later = (storage: StoragePort): StoragePort => ({
    ...storage,
    async *listMultiparts(prefix) {
      for await (const one of storage.listMultiparts(prefix))
        yield { ...one, initiatedAt: new Date(one.initiatedAt.getTime() - 2 * 3_600_000) };
    },
  });
  const sweep = (storage = app.deps.storage) =>
    createFileJobs({ ...filesDeps(app), storage }).schedules[0]?.run();

  describe("an upload in parts that is given up", () => {
    it("is 204, then 404, and its URLs and parts are worth nothing", async () => {
      const started = await uploadInParts(app, token, pdf, paper);
      const { json } = await parts(app, token, started.uploadId, { partNumbers: [1] });
      expect((await abort(app, token, started.uploadId)).status).toBe(204);
      expect(await openUploads(app, started)).toEqual([]);
      for (const operation of [abort, complete, parts])
        expect((await operation(app, token, started.uploadId)).status).toBe(404);
      expect((await register(app, token, started.storageKey)).status).toBe(404);
      expect(await sendPart(json.parts[0], pdf)).toBe(404);
      expect(await stagedObject(app, started)).toBeNull();
    });

    it("while it is completed ends as one of the two", async () => {
      for (let round = 0; round < 5; round++) {
        const started = await uploadInParts(app, token, pdf, paper);
        const [done, gone] = await Promise.all([
          complete(app, token, started.uploadId),
          abort(app, token, started.uploadId),
        ]);
        expect([
          [201, 404],
          [404, 204],
          [409, 204],
        ]).toContainEqual([done.status, gone.status]);
        await vi.waitFor(async () => expect(await stagedObject(app, started)).toBeNull(), 15_000);
      }
    });
  });

  describe("an upload in parts that dies", () => {
    it("between the joining of its parts and its register is completed by trying again", async () => {
      const started = await uploadInParts(app, token, pdf, paper);
      const key = `staging/${started.storageKey}`;
      const storage: StoragePort = {
        ...app.deps.storage,
        head: () => new Promise<never>(() => undefined),
      };
      // Its process hangs from there on, and never comes back.
      createRegister({ ...filesDeps(app), storage })(await callerOf(app, boss), started).catch(
        () => undefined,
      );
      await vi.waitFor(async () => expect(await app.deps.storage.head(key)).not.toBeNull(), 15_000);
      expect((await complete(app, token, started.uploadId)).status).toBe(409);
      await stale(started);
      const asked = await parts(app, token, started.uploadId, { partNumbers: [1] });
      expect(asked.status).toBe(409);
      expect((await complete(app, token, started.uploadId)).status).toBe(201);
    });

    it("not, but takes longer than a minute: two at a time end as one file, and neither is told that it is gone", async () => {
      const started = await uploadInParts(app, token, pdf, paper);
      const joining = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const slow: StoragePort = {
        ...app.deps.storage,
        async completeMultipart(...args) {
          joining.resolve();
          await goOn.promise;
          await app.deps.storage.completeMultipart(...args);
        },
      };
      const caller = await callerOf(app, boss);
      const completeBy = (storage: StoragePort) => {
        const deps = { ...filesDeps(app), storage };
        return createMultipart(deps, createRegister(deps)).complete(caller, started.uploadId);
      };
      const first = completeBy(slow);
      await joining.promise;
      await stale(started);
      const second = completeBy({
        ...app.deps.storage,
        // Has seen the parts; then the first joins them.
        async completeMultipart(...args) {
          goOn.resolve();
          await expect(first).rejects.toMatchObject({ code: "conflict", retryAfter: 1 });
          await app.deps.storage.completeMultipart(...args);
        },
      });
      const made = await second;
      expect((await complete(app, token, started.uploadId)).json.id).toBe(made.id);
      expect(await sql`select 1 from file where id = ${made.id}`).toHaveLength(1);
    });

    it("in the store is 404, not a conflict for ever", async () => {
      const started = await uploadInParts(app, token, pdf, paper);
      await app.deps.storage.abortMultipart(`staging/${started.storageKey}`, await idOf(started));
      for (const operation of [parts, complete])
        expect((await operation(app, token, started.uploadId)).status).toBe(404);
      expect((await abort(app, token, started.uploadId)).status).toBe(204);
    });
  });

  describe("the sweep of uploads in parts", () => {
    it("leaves alone what is still open, however old", async () => {
      const started = await uploadInParts(app, token, pdf, paper);
      await sweep(later(app.deps.storage));
      expect((await complete(app, token, started.uploadId)).status).toBe(201);
    });

    it("that the store refuses to list them for holds up nothing else", async () => {
      const signed = await upload(app, token, pdf, paper);
      await sql`update upload_intent set expires_at = now() - interval '1 hour' where storage_key = ${signed.storageKey}`;
      const refusing: StoragePort = {
        ...app.deps.storage,
        listMultiparts: () => {
          throw new Error("NotImplemented");
        },
      };
      await expect(sweep(refusing)).rejects.toThrow("NotImplemented");
      await vi.waitFor(async () => expect(await stagedObject(app, signed)).toBeNull(), 15_000);
    });

    it("that the store fails to let go of waits for the next time, and holds up nothing else", async () => {
      const [stuck, other] = [
        await uploadInParts(app, token, pdf, paper),
        await upload(app, token, pdf, paper),
      ];
      await sql`update upload_intent set expires_at = now() - interval '1 hour'
        where storage_key in (${stuck.storageKey}, ${other.storageKey})`;
      const stubborn = { ...app.deps.storage, abortMultipart: () => Promise.reject(new Error("not now")) };
      await expect(sweep(stubborn)).rejects.toThrow("not now");
      await vi.waitFor(async () => expect(await stagedObject(app, other)).toBeNull(), 15_000);
      expect(await openUploads(app, stuck)).toHaveLength(1);
      await sweep({ ...app.deps.storage, async *listMultiparts() {} });
      expect(await openUploads(app, stuck)).toEqual([]);
      expect(await sql`select 1 from upload_intent where id = ${stuck.uploadId}`).toEqual([]);
    });

    it("goes on after the first 500 that ran out", async () => {
      const started = await uploadInParts(app, token, pdf, paper);
      await sql`
        insert into upload_intent (id, file_id, storage_key, target, organization_id, file_name, declared_type, size,
          user_id, upload_id, part_size, expires_at)
        select lpad(to_hex(n), 32, '0')::uuid, gen_random_uuid(), 'many/' || gen_random_uuid() || '.pdf', target,
          organization_id, file_name, declared_type, size, user_id, 'gone', part_size, now() - interval '1 hour'
        from upload_intent, generate_series(1, 505) n where id = ${started.uploadId}`;
      await sql`update upload_intent set expires_at = now() - interval '1 hour' where id = ${started.uploadId}`;
      const aborted = new Set<string>();
      await sweep({
        ...app.deps.storage,
        async abortMultipart(key, uploadId) {
          aborted.add(key);
          if (uploadId !== "gone") await app.deps.storage.abortMultipart(key, uploadId);
        },
      });
      expect(aborted.size).toBeGreaterThan(505);
      expect(await openUploads(app, started)).toEqual([]);
    });

    it("lets go of what ran out, also where a store cannot list", async () => {
      const started = await uploadInParts(app, token, pdf, paper);
      await sql`update upload_intent set expires_at = now() - interval '1 second' where id = ${started.uploadId}`;
      expect((await complete(app, token, started.uploadId)).status).toBe(404);
      await sweep();
      expect(await openUploads(app, started)).toHaveLength(1);
      await sql`update upload_intent set expires_at = now() - interval '6 minutes' where id = ${started.uploadId}`;
      await sweep({ ...app.deps.storage, async *listMultiparts() {} });
      expect(await openUploads(app, started)).toEqual([]);
      expect(await sql`select 1 from upload_intent where id = ${started.uploadId}`).toEqual([]);
    });

    it("lets go of what no intent knows: the organization went, or a process died before it was stored", async () => {
      const tenant = await createTenant(app);
      const orphan = await uploadInParts(app, tenant.people.org_admin.token, pdf, documentOf(tenant));
      await sql`delete from upload_intent where id = ${orphan.uploadId}`;
      const young = await begin(app, token, paper);
      await sql`delete from upload_intent where id = ${young.uploadId}`;
      await sweep();
      expect(await openUploads(app, orphan)).toHaveLength(1);
      await sweep(later(app.deps.storage));
      expect(await openUploads(app, orphan)).toEqual([]);
      expect(await openUploads(app, young)).toEqual([]);
    });
  });
}
