import { createHash, randomUUID } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { call, createTenant } from "../harness/client.ts";
import { documentOf, getFile, presign, register, stagedObject, stream } from "./client.ts";
import {
  abort,
  begin,
  complete,
  openUploads,
  PART,
  parts,
  sendPart,
  sendParts,
  start,
  uploadInParts,
} from "./multipart.ts";
import { document, MIB, pdf } from "./samples.ts";
import type { World } from "./world.ts";

export function describeMultipart({ app, home, away }: World): void {
  const { token } = home.people.org_admin;
  const paper = documentOf(home);
  const large = document(PART + 2 * MIB + 17);

  describe("an upload in parts", () => {
    it("goes from start over PUTs in any order, with a break, to the same bytes", async () => {
      const sha256 = createHash("sha256").update(large).digest("hex");
      const answer = await start(app, token, { ...paper, size: large.length, sha256 });
      expect(answer.status, answer.text).toBe(201);
      const { uploadId } = answer.json;
      expect(answer.headers.get("location")).toBe(`/api/v1/files/multipart/${uploadId}`);
      expect(answer.json).toEqual({
        uploadId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        storageKey: expect.stringMatching(/^documents\/[0-9a-f-]{36}\.pdf$/),
        partSize: PART,
        partCount: 2,
        expiresAt: expect.any(String),
      });
      const hours = (Date.parse(answer.json.expiresAt) - Date.now()) / 3_600_000;
      expect(hours).toBeGreaterThan(23.9);
      expect(hours).toBeLessThanOrEqual(24);
      const [stored] = await openUploads(app, answer.json);
      expect(stored).toBeDefined();
      expect(stored).not.toBe(uploadId);

      expect((await parts(app, token, uploadId)).json).toEqual({ uploaded: [], parts: [] });
      const { json } = await parts(app, token, uploadId, { partNumbers: [2, 1] });
      expect(json.parts).toEqual([
        { partNumber: 2, uploadUrl: expect.any(String), method: "PUT", headers: {}, size: 2 * MIB + 17 },
        { partNumber: 1, uploadUrl: expect.any(String), method: "PUT", headers: {}, size: PART },
      ]);
      expect(await sendPart(json.parts[0], large)).toBe(200);
      // The client was away: it asks what is there.
      const found = await call(app, "GET", answer.headers.get("location") ?? "", { token });
      expect(found.json).toEqual({ ...answer.json, uploaded: [{ partNumber: 2, size: 2 * MIB + 17 }] });
      expect((await parts(app, token, uploadId, {})).json.uploaded).toEqual([
        { partNumber: 2, size: 2 * MIB + 17 },
      ]);
      expect(await sendPart(json.parts[1], large)).toBe(200);

      const done = await complete(app, token, uploadId);
      expect(done.status, done.text).toBe(201);
      expect(done.headers.get("location")).toBe(`/api/v1/files/${done.json.id}`);
      expect(done.json).toMatchObject({ status: "processing", size: large.length, fileName: "welcome.pdf" });
      await vi.waitFor(
        async () =>
          expect((await getFile(app, token, done.json.id)).json).toMatchObject({ status: "ready", sha256 }),
        { timeout: 15_000, interval: 100 },
      );
      expect((await stream(app, home.people.client.token, done.json.id)).bytes.equals(large)).toBe(true);
      await vi.waitFor(async () => expect(await stagedObject(app, answer.json)).toBeNull(), 15_000);
      expect(await openUploads(app, answer.json)).toEqual([]);
    });

    it("of a small file is checked at once, like one in one piece", async () => {
      const started = await uploadInParts(app, token, pdf, paper);
      expect(started.partCount).toBe(1);
      const done = await complete(app, token, started.uploadId);
      expect([done.status, done.json.status]).toEqual([201, "ready"]);
      expect((await stream(app, token, done.json.id)).bytes.equals(pdf)).toBe(true);
    });

    it("refuses what presign refuses, in the same words, and begins nothing", async () => {
      const good = { ...paper, size: 100 };
      const bodies: [string, object][] = [
        [token, { ...good, size: app.config.fileLimits.organizationFile + 1 }],
        [token, { ...good, contentType: "application/x-msdownload" }],
        [token, { ...good, size: 0 }],
        [token, { ...good, unknown: 1 }],
        [token, { ...good, prefix: "../x" }],
        [token, { ...good, organizationId: undefined }],
        [token, { ...good, organizationId: randomUUID() }],
        [home.people.coach.token, { ...good, size: 10 ** 12 }],
        [away.people.org_admin.token, good],
      ];
      const { sql } = app.deps.database;
      const count = async () => (await sql`select count(*)::int n from upload_intent`)[0]?.n;
      const before = await count();
      for (const [who, body] of bodies) {
        const [one, two] = await Promise.all([presign(app, who, body), start(app, who, body)]);
        const [a, b] = [one, two].map(({ status, json: { instance, requestId, ...rest } }) => ({
          status,
          rest,
        }));
        expect(b).toEqual(a);
        expect(two.status).toBeGreaterThanOrEqual(400);
      }
      expect(await count()).toBe(before);
    });

    it("has parts of exactly the size that was signed", async () => {
      const started = await begin(app, token, { ...paper, size: large.length });
      const { json } = await parts(app, token, started.uploadId, { partNumbers: [2] });
      const [part] = json.parts;
      for (const size of [part.size - 1, part.size + 1])
        expect(await sendPart({ ...part, size }, Buffer.concat([large, large]))).toBeGreaterThanOrEqual(400);
      const other = part.uploadUrl.replace(/([?&](?:part|partNumber)=)2/, "$11");
      expect(other).not.toBe(part.uploadUrl);
      expect(await sendPart({ ...part, uploadUrl: other }, large)).toBe(403);
      expect((await parts(app, token, started.uploadId)).json.uploaded).toEqual([]);
      expect((await abort(app, token, started.uploadId)).status).toBe(204);
    });

    it("signs no part that the upload does not have, and at most a hundred", async () => {
      const { uploadId } = await begin(app, token, { ...paper, size: large.length });
      const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
      for (const partNumbers of [[3], [0], [-1], [10_001], [1.5], ["1"], [1, 1], numbers(101), 1, null])
        expect((await parts(app, token, uploadId, { partNumbers })).status, String(partNumbers)).toBe(400);
      expect((await parts(app, token, uploadId, { partNumbers: [1], size: 5 })).status).toBe(400);
      expect((await abort(app, token, uploadId)).status).toBe(204);
    });

    it("waits for its parts: 409 names what is missing, and it goes on", async () => {
      const started = await begin(app, token, { ...paper, size: large.length });
      const early = await complete(app, token, started.uploadId);
      expect([early.status, early.json.code, early.json.detail]).toEqual([
        409,
        "conflict",
        "Upload these parts first: 1, 2",
      ]);
      expect(await sendParts(app, token, started, large, [2])).toEqual([200]);
      expect((await complete(app, token, started.uploadId)).json.detail).toMatch(/: 1$/);
      // By its key it is the same upload.
      expect((await register(app, token, started.storageKey)).status).toBe(409);
      expect(await sendParts(app, token, started, large, [1])).toEqual([200]);
      expect((await complete(app, token, started.uploadId)).status).toBe(201);
    });

    it("is completed once, by however many at a time, and tells each who asks again what it became", async () => {
      const started = await uploadInParts(app, token, pdf, paper);
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => complete(app, token, started.uploadId)),
      );
      const ids = new Set<string>();
      for (const { status, json, headers } of answers) {
        expect([201, 409]).toContain(status);
        if (status === 201) ids.add(json.id);
        else expect([json.code, headers.get("retry-after")]).toEqual(["conflict", "1"]);
      }
      const again = await complete(app, token, started.uploadId);
      expect([again.status, again.headers.get("location")]).toEqual([201, `/api/v1/files/${again.json.id}`]);
      expect([...ids]).toEqual([again.json.id]);
      for (const operation of [abort, parts])
        expect((await operation(app, token, started.uploadId)).status).toBe(404);
      expect((await register(app, token, started.storageKey)).status).toBe(404);
      expect((await complete(app, home.people.manager.token, started.uploadId)).status).toBe(404);
      await app.deps.database.sql`delete from file where id = ${again.json.id}`;
      expect((await complete(app, token, started.uploadId)).status).toBe(404);
    });

    it("is registered once, by its id or its key", async () => {
      const started = await uploadInParts(app, token, pdf, paper);
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => register(app, token, started.storageKey)),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(404)]);
      const made = answers.find(({ status }) => status === 201);
      expect((await complete(app, token, started.uploadId)).json.id).toBe(made?.json.id);
    });

    it("that is not what was promised is 422, and gone", async () => {
      const sha256 = createHash("sha256").update("other").digest("hex");
      const started = await uploadInParts(app, token, pdf, { ...paper, sha256 });
      const done = await complete(app, token, started.uploadId);
      expect([done.status, done.json.code]).toEqual([422, "validation_failed"]);
      await vi.waitFor(async () => expect(await stagedObject(app, started)).toBeNull(), 15_000);
      expect((await complete(app, token, started.uploadId)).status).toBe(404);
    });

    it("is nobody else's: a foreign id answers like a random one", async () => {
      const started = await uploadInParts(app, token, pdf, paper);
      const others = [home.people.manager, home.people.client, away.people.org_admin];
      for (const other of others)
        for (const operation of [parts, complete, abort]) {
          const [foreign, random] = await Promise.all(
            [started.uploadId, randomUUID()].map((id) => operation(app, other.token, id)),
          );
          const [a, b] = [foreign, random].map((it) => {
            const { instance, requestId, ...rest } = it?.json ?? {};
            return { status: it?.status, rest };
          });
          expect(a).toEqual(b);
          expect(a?.status).toBe(404);
        }
      // The id of an upload in one piece is none of an upload in parts.
      const { storageKey } = (await presign(app, token, { ...paper, size: pdf.length })).json;
      const [intent] = await app.deps.database
        .sql`select id from upload_intent where storage_key = ${storageKey}`;
      for (const operation of [parts, complete, abort]) {
        expect((await operation(app, token, String(intent?.id))).status).toBe(404);
        expect((await operation(app, token, "no-id")).status).toBe(404);
        expect((await operation(app, undefined, started.uploadId)).status).toBe(401);
      }
      expect((await complete(app, token, started.uploadId)).status).toBe(201);
    });

    it("asks for the role each time: lost, suspended and removed are refused, and it is there when it is back", async () => {
      const tenant = await createTenant(app);
      const { manager } = tenant.people;
      const { sql } = app.deps.database;
      const started = await uploadInParts(app, manager.token, pdf, documentOf(tenant));
      const refused = async (status: number, code: string) => {
        for (const operation of [parts, complete, abort]) {
          const answer = await operation(app, manager.token, started.uploadId);
          expect([answer.status, answer.json.code]).toEqual([status, code]);
        }
      };
      const { organizationId } = tenant;
      const member = (change: object) =>
        sql`update member set ${sql(change)} where user_id = ${manager.userId}`;
      const owner = (change: object) =>
        sql`update organization set ${sql(change)} where id = ${organizationId}`;
      await member({ role: "client" });
      await refused(403, "forbidden");
      await member({ role: "manager", status: "suspended" });
      await refused(403, "suspended");
      await member({ status: "removed" });
      await refused(404, "not_found");
      await member({ status: "active" });
      await owner({ suspended_at: new Date() });
      await refused(403, "suspended");
      await owner({ suspended_at: null, deleted_at: new Date() });
      await refused(404, "not_found");
      await owner({ deleted_at: null });
      expect((await complete(app, manager.token, started.uploadId)).status).toBe(201);
      await member({ role: "client" });
      expect((await complete(app, manager.token, started.uploadId)).status).toBe(403);
    });
  });
}
