import { describe, expect, it, vi } from "vitest";
import { uploadFile } from "../harness/client.ts";
import { documentOf, getFile, presign, put, register, stagedObject, stream, upload } from "./client.ts";
import { document, pdf } from "./samples.ts";
import type { World } from "./world.ts";

export function describeIntents({ app, home, away }: World): void {
  const { token } = home.people.org_admin;
  const { sql } = app.deps.database;
  const paper = documentOf(home);

  describe("the right to register an upload", () => {
    it("is used once, by however many registers at a time", async () => {
      const signed = await upload(app, token, pdf, paper);
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => register(app, token, signed.storageKey)),
      );
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([201, ...Array(19).fill(404)]);
      const rows = await sql`select id from file where id in
        (select file_id from upload_intent where storage_key = ${signed.storageKey})`;
      expect(rows).toHaveLength(1);
      const id = answers.find(({ status }) => status === 201)?.json.id;
      expect((await stream(app, token, id)).bytes.equals(pdf)).toBe(true);
    });

    it("is not used again: a replay is 404 and changes nothing", async () => {
      const signed = await upload(app, token, pdf, paper);
      const first = await register(app, token, signed.storageKey);
      await put(signed, pdf);
      expect((await register(app, token, signed.storageKey)).status).toBe(404);
      expect((await getFile(app, token, first.json.id)).json).toMatchObject(first.json);
    });

    it("is nobody else's, and stays with its owner when others try", async () => {
      const signed = await upload(app, token, pdf, paper);
      for (const other of [home.people.manager, home.people.client, away.people.org_admin])
        expect((await register(app, other.token, signed.storageKey)).status).toBe(404);
      expect((await register(app, token, signed.storageKey)).status).toBe(201);
    });

    it("ends after an hour", async () => {
      const signed = await upload(app, token, pdf, paper);
      const [{ minutes } = { minutes: 0 }] = await sql<{ minutes: number }[]>`
        select extract(epoch from expires_at - now())::float8 / 60 as minutes
        from upload_intent where storage_key = ${signed.storageKey}`;
      expect(minutes).toBeGreaterThan(55);
      expect(minutes).toBeLessThanOrEqual(60);
      await sql`update upload_intent set expires_at = now() - interval '1 second'
        where storage_key = ${signed.storageKey}`;
      expect((await register(app, token, signed.storageKey)).status).toBe(404);
    });

    it("is for exactly this key: one that was never given out, or was edited, is 404", async () => {
      const { storageKey } = await upload(app, token, pdf, paper);
      const edited = [
        storageKey.replace("documents/", "avatars/"),
        storageKey.replace(/\.pdf$/, ".exe"),
        storageKey.replace(/.(?=\.pdf$)/, (c) => (c === "0" ? "1" : "0")),
        `documents/${crypto.randomUUID()}.pdf`,
        `staging/${storageKey}`,
      ];
      for (const key of edited) expect((await register(app, token, key)).status, key).toBe(404);
      expect((await register(app, token, storageKey)).status).toBe(201);
    });

    it("waits for the upload: 409 before, and usable afterwards", async () => {
      const signed = (await presign(app, token, { ...paper, size: pdf.length })).json;
      for (let i = 0; i < 2; i++) {
        const early = await register(app, token, signed.storageKey);
        expect([early.status, early.json.code]).toEqual([409, "conflict"]);
      }
      expect((await put(signed, pdf)).status).toBe(200);
      expect((await register(app, token, signed.storageKey)).status).toBe(201);
    });
  });

  describe("what was registered", () => {
    it("is not touched by a later PUT to the same URL", async () => {
      const bytes = document(5000);
      const signed = await upload(app, token, bytes, paper);
      const file = await register(app, token, signed.storageKey);
      const other = Buffer.from(bytes).reverse();
      await (await put(signed, other)).text();
      await app.deps.storage.put(`staging/${signed.storageKey}`, other, {
        contentType: "application/pdf",
        size: other.length,
      });
      expect((await stream(app, token, file.json.id)).bytes.equals(bytes)).toBe(true);
      const { downloadUrl } = (await getFile(app, token, file.json.id)).json;
      expect(Buffer.from(await (await fetch(downloadUrl)).arrayBuffer()).equals(bytes)).toBe(true);
    });

    it("is what its SHA-256 says, whatever is written to the URL during the register", async () => {
      const versions = [1, 2].map((n) => Buffer.from(document(400_000).fill(n, 9)));
      for (let round = 0; round < 5; round++) {
        const [first, second] = versions as [Buffer, Buffer];
        const signed = await upload(app, token, first, paper);
        const [file] = await Promise.all([
          register(app, token, signed.storageKey),
          // Of two at a time, a disk cuts the earlier one off.
          ...[second, first].map((bytes) => put(signed, bytes).catch(() => undefined)),
        ]);
        expect(file.status, file.text).toBe(201);
        const served = await stream(app, token, file.json.id);
        const hash = await crypto.subtle.digest("SHA-256", served.bytes);
        expect(Buffer.from(hash).toString("hex")).toBe(file.json.sha256);
      }
    });
  });

  describe("an upload that is not what was declared", () => {
    const refused = async (signed: { storageKey: string }) => {
      const answer = await register(app, token, signed.storageKey);
      expect([answer.status, answer.json.code]).toEqual([422, "validation_failed"]);
      await vi.waitFor(async () => expect(await stagedObject(app, signed)).toBeNull(), 8000);
      const [intent] = await sql`select file_id from upload_intent where storage_key = ${signed.storageKey}`;
      const objects = `objects/${home.organizationId}/${intent?.file_id}`;
      await vi.waitFor(async () => expect(await app.deps.storage.head(objects)).toBeNull(), 8000);
      expect(await sql`select 1 from file where id = ${intent?.file_id}`).toHaveLength(0);
      expect((await register(app, token, signed.storageKey)).status).toBe(404);
    };

    it.each([
      ["longer", Buffer.concat([pdf, Buffer.from("x")]), {}],
      ["shorter", pdf.subarray(1), {}],
      ["empty", Buffer.alloc(0), {}],
      ["of another type", pdf, { "content-type": "text/html" }],
    ])("is refused by its URL: %s", async (_, bytes, headers) => {
      const signed = (await presign(app, token, { ...paper, size: pdf.length })).json;
      const sent = await put(signed, bytes, headers);
      expect(sent.status, await sent.text()).toBeGreaterThanOrEqual(400);
      expect(sent.status).toBeLessThan(500);
      expect(await stagedObject(app, signed)).toBeNull();
      expect((await register(app, token, signed.storageKey)).status).toBe(409);
    });

    it.each([
      ["longer", Buffer.concat([pdf, Buffer.from("x")])],
      ["shorter", pdf.subarray(1)],
    ])("is 422, and gone, where a store let it through: %s", async (_, body) => {
      const signed = (await presign(app, token, { ...paper, size: pdf.length })).json;
      const meta = { contentType: "application/pdf", size: body.length };
      await app.deps.storage.put(`staging/${signed.storageKey}`, body, meta);
      await refused(signed);
    });

    it("is 422, and gone, when the digest is another", async () => {
      const sha256 = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from("other"))).toString("hex");
      await refused(await upload(app, token, pdf, { ...paper, sha256 }));
    });

    it("is accepted with the right digest, in either case of the letters or refused as a field", async () => {
      const sha256 = Buffer.from(await crypto.subtle.digest("SHA-256", pdf)).toString("hex");
      expect(await uploadFile(app, token, pdf, { ...paper, sha256 })).toMatchObject({ sha256 });
      const upper = await presign(app, token, { ...paper, size: pdf.length, sha256: sha256.toUpperCase() });
      expect([201, 400]).toContain(upper.status);
      if (upper.status === 201) {
        await put(upper.json, pdf);
        expect((await register(app, token, upper.json.storageKey)).status).toBe(201);
      }
      for (const bad of ["", "abc", `${sha256}0`, `${sha256.slice(1)}g`])
        expect((await presign(app, token, { ...paper, size: pdf.length, sha256: bad })).status, bad).toBe(
          400,
        );
    });

    it("is refused by its URL with another method, key or signature, and unread without one", async () => {
      const signed = (await presign(app, token, { ...paper, size: pdf.length })).json;
      const { uploadUrl, headers } = signed;
      expect((await fetch(uploadUrl)).status).toBeGreaterThanOrEqual(400);
      const other = uploadUrl.replace(signed.storageKey, signed.storageKey.replace("documents", "elsewhere"));
      const unsigned = uploadUrl.split("?")[0] ?? "";
      const broken = uploadUrl.replace(/[0-9a-zA-Z](?=[^0-9a-zA-Z]*$)/, (c: string) =>
        c === "a" ? "b" : "a",
      );
      for (const url of [other, unsigned, broken]) {
        const sent = await fetch(url, { method: "PUT", headers, body: pdf });
        expect(sent.status, url).toBeGreaterThanOrEqual(400);
        expect(sent.status, url).toBeLessThan(500);
      }
      expect(await stagedObject(app, signed)).toBeNull();
    });
  });
}
