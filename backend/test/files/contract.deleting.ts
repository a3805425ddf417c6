import { describe, expect, it, vi } from "vitest";
import { call, uploadFile } from "../harness/client.ts";
import {
  deleteFile,
  documentOf,
  getFile,
  objectKeys,
  register,
  stagedObject,
  stream,
  upload,
} from "./client.ts";
import { document, MIB, pdf } from "./samples.ts";
import type { World } from "./world.ts";

export function describeDeleting({ app, home }: World): void {
  const { token } = home.people.org_admin;
  const objectOf = (id: string) => `objects/${home.organizationId}/${id}`;
  const gone = (id: string) =>
    vi.waitFor(async () => expect(await objectKeys(app, objectOf(id))).toEqual([]), 8000);

  describe("a deleted file", () => {
    it("is 404 at once and for good, and its bytes go, too", async () => {
      const { id } = await uploadFile(app, token, pdf, documentOf(home));
      const { downloadUrl } = (await getFile(app, token, id)).json;
      expect(await objectKeys(app, objectOf(id))).toHaveLength(1);
      const deleted = await deleteFile(app, token, id);
      expect([deleted.status, deleted.text]).toEqual([204, ""]);
      expect((await deleteFile(app, token, id)).status).toBe(404);
      expect((await getFile(app, token, id)).status).toBe(404);
      expect((await stream(app, token, id)).status).toBe(404);
      await gone(id);
      expect((await fetch(downloadUrl)).status).toBe(404);
    });

    it("is deleted once by many at a time", async () => {
      const { id } = await uploadFile(app, token, pdf, documentOf(home));
      const answers = await Promise.all(Array.from({ length: 8 }, () => deleteFile(app, token, id)));
      expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(7).fill(404)]);
      await gone(id);
    });

    it("is deleted only in the version that If-Match names", async () => {
      const { id, version } = await uploadFile(app, token, pdf, documentOf(home));
      const remove = (etag: string) =>
        call(app, "DELETE", `/api/v1/files/${id}`, { token, headers: { "if-match": etag } });
      const stale = await remove(`"v${version + 1}"`);
      expect([stale.status, stale.json.code]).toEqual([412, "precondition_failed"]);
      expect((await getFile(app, token, id)).status).toBe(200);
      expect((await remove(`"v${version}"`)).status).toBe(204);
    });

    it("is not deleted when its version changes at that moment", async () => {
      const { id, version } = await uploadFile(app, token, pdf, documentOf(home));
      const { sql } = app.deps.database;
      const answer = await sql.begin(async (tx) => {
        await tx`update file set version = version + 1 where id = ${id}`;
        const removing = call(app, "DELETE", `/api/v1/files/${id}`, {
          token,
          headers: { "if-match": `"v${version}"` },
        });
        await vi.waitFor(async () => {
          const waiting = await sql`select 1 from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and query like 'delete from "file"%'`;
          expect(waiting).toHaveLength(1);
        }, 15_000);
        return { removing };
      });
      expect((await answer.removing).status).toBe(412);
      expect((await getFile(app, token, id)).status).toBe(200);
    });

    it("leaves an audit event that names it, not what it was called", async () => {
      const fileName = "very-private-name.pdf";
      const { id } = await uploadFile(app, token, pdf, documentOf(home, { fileName }));
      await deleteFile(app, token, id);
      const events = await app.deps.database.sql`
        select action, changes::text as changes from audit_event where target_id = ${id} order by action`;
      expect(events.map(({ action }) => action)).toEqual(["file.deleted", "file.registered"]);
      expect(JSON.stringify(events)).not.toContain("very-private-name");
    });
  });

  describe("a file over 16 MB", () => {
    const body = documentOf(home);
    const settled = async (id: string, status: string) => {
      await vi.waitFor(async () => expect((await getFile(app, token, id)).json.status).toBe(status), 10_000);
      return (await getFile(app, token, id)).json;
    };

    it("is processing at first and ready soon, byte for byte", async () => {
      const bytes = document(17 * MIB + 3);
      const signed = await upload(app, token, bytes, body);
      const file = await register(app, token, signed.storageKey);
      expect(file.status).toBe(201);
      expect(file.json).toMatchObject({ status: "processing", size: bytes.length });
      const ready = await settled(file.json.id, "ready");
      expect(ready).toMatchObject({
        contentType: "application/pdf",
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      expect(ready.version).toBeGreaterThan(file.json.version);
      expect((await stream(app, token, file.json.id)).bytes.equals(bytes)).toBe(true);
      await vi.waitFor(async () => expect(await stagedObject(app, signed)).toBeNull(), 8000);
    });

    it("is rejected when the digest is wrong: no bytes, no URL, nothing left in the store", async () => {
      const signed = await upload(app, token, document(17 * MIB), { ...body, sha256: "0".repeat(64) });
      const file = await register(app, token, signed.storageKey);
      expect(file.json.status).toBe("processing");
      const rejected = await settled(file.json.id, "rejected");
      expect(rejected.downloadUrl).toBeNull();
      const served = await stream(app, token, file.json.id);
      expect(served.status).toBe(409);
      await gone(file.json.id);
      await vi.waitFor(async () => expect(await stagedObject(app, signed)).toBeNull(), 8000);
      expect((await deleteFile(app, token, file.json.id)).status).toBe(204);
    });

    it("is rejected when the bytes are not what was declared", async () => {
      const film = { ...body, fileName: "film.mp4", contentType: "video/mp4" };
      const signed = await upload(app, token, document(17 * MIB), film);
      const file = await register(app, token, signed.storageKey);
      await settled(file.json.id, "rejected");
      await gone(file.json.id);
    });

    it("can be deleted while it is processing, and leaves nothing", async () => {
      const signed = await upload(app, token, document(17 * MIB), body);
      const { id } = (await register(app, token, signed.storageKey)).json;
      expect((await deleteFile(app, token, id)).status).toBe(204);
      await gone(id);
      await vi.waitFor(async () => expect(await stagedObject(app, signed)).toBeNull(), 8000);
    });
  });
}
