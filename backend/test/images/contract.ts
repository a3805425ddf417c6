import { beforeAll, describe, expect, it, vi } from "vitest";
import { deleteFile, documentOf, getFile, objectKeys, register, stream, upload } from "../files/client.ts";
import { gifWithHtml, html, pdf, picture, svg } from "../files/samples.ts";
import type { World } from "../files/world.ts";
import { call, createPerson, uploadFile } from "../harness/client.ts";
import { edges, floodingPng, formats, fromCamera, movingGif, plain, told } from "./samples.ts";

const avatarOf = (format: string) => ({
  target: "avatar",
  fileName: `me.at.sea.${format}`,
  contentType: `image/${format}`,
});

const sha256 = async (bytes: Buffer): Promise<string> =>
  Buffer.from(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes))).toString("hex");

/** What holds for pictures in any store. */
export function describePictures({ app, home, away }: World): void {
  const { client } = home.people;
  const sized = async (
    token: string | undefined,
    id: string,
    size: string,
    { method = "GET", headers = {} }: { method?: string; headers?: Record<string, string> } = {},
  ) => {
    const response = await fetch(`${app.url}/api/v1/files/${id}/stream?size=${size}`, {
      method,
      headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers },
    });
    return {
      status: response.status,
      headers: response.headers,
      bytes: Buffer.from(await response.arrayBuffer()),
    };
  };

  describe("an avatar", () => {
    it.each(formats)("in %s that tells nothing stays as it was sent, byte for byte", async (format) => {
      const bytes = await plain(format);
      const file = await uploadFile(app, client.token, bytes, avatarOf(format));
      expect(file).toMatchObject({
        contentType: `image/${format}`,
        size: bytes.length,
        sha256: await sha256(bytes),
        fileName: `me.at.sea.${format}`,
      });
      expect((await stream(app, client.token, file.id)).bytes.equals(bytes)).toBe(true);
      for (const size of ["64", "256", "1024"])
        expect((await sized(client.token, file.id, size)).headers.get("content-type")).toBe("image/webp");
    });

    it("from a camera is upright and tells nothing, wherever it is asked for", async () => {
      const bytes = await fromCamera("jpeg");
      const body = { ...avatarOf("jpeg"), sha256: await sha256(bytes) };
      const file = await uploadFile(app, client.token, bytes, body);
      const served = await stream(app, client.token, file.id);
      expect(served.headers.get("content-type")).toBe("image/jpeg");
      expect([file.size, file.sha256]).toEqual([served.bytes.length, await sha256(served.bytes)]);
      const { downloadUrl } = (await getFile(app, client.token, file.id)).json;
      const direct = Buffer.from(await (await fetch(downloadUrl)).arrayBuffer());
      const small = await sized(client.token, file.id, "64");
      for (const shown of [served.bytes, direct, small.bytes]) {
        expect(await told(shown)).toEqual([]);
        expect(shown.includes("Greenwich")).toBe(false);
        expect(await edges(shown)).toMatchObject({ top: "red", bottom: "blue" });
      }
    });

    it("takes its sizes along when it goes, is replaced, or is refused", async () => {
      const person = await createPerson(app);
      const mine = () => objectKeys(app, `objects/${person.userId}`);
      const of = (id: string) =>
        ["", ".1024.webp", ".256.webp", ".64.webp"].map((end) => `objects/${person.userId}/${id}${end}`);
      const first = await uploadFile(app, person.token, await plain("png"), avatarOf("png"));
      expect(await mine()).toEqual(of(first.id));
      const second = await uploadFile(app, person.token, await fromCamera("jpeg"), avatarOf("jpeg"));
      await vi.waitFor(async () => expect(await mine()).toEqual(of(second.id)), 15_000);
      const signed = await upload(app, person.token, floodingPng(30_000), avatarOf("png"));
      expect((await register(app, person.token, signed.storageKey)).status).toBe(422);
      expect(await mine()).toEqual(of(second.id));
      expect((await deleteFile(app, person.token, second.id)).status).toBe(204);
      await vi.waitFor(async () => expect(await mine()).toEqual([]), 15_000);
      expect((await sized(person.token, second.id, "64")).status).toBe(404);
    });

    it.each([
      ["a flood of pixels", () => floodingPng(30_000), "png"],
      ["a film of 5000 frames", () => movingGif(5000), "gif"],
      ["half a picture", async () => (await plain("jpeg", 900, 900)).subarray(0, 3000), "jpeg"],
      ["a drawing with scripts", () => svg, "png"],
      ["a page", () => html, "gif"],
    ])("is refused, and gone, when it is %s", async (_, bytes, format) => {
      const signed = await upload(app, client.token, await bytes(), avatarOf(format));
      const answer = await register(app, client.token, signed.storageKey);
      expect([answer.status, answer.json.code]).toEqual([422, "validation_failed"]);
      await vi.waitFor(
        async () => expect(await objectKeys(app, `staging/${signed.storageKey}`)).toEqual([]),
        15_000,
      );
      expect((await register(app, client.token, signed.storageKey)).status).toBe(404);
    });

    it("that is a page or an archive behind its end is shown as a picture only", async () => {
      for (const [bytes, format] of [
        [gifWithHtml, "gif"],
        [Buffer.concat([await plain("png"), html]), "png"],
        [Buffer.concat([await plain("png"), Buffer.from("PK\x03\x04\x14\0", "latin1")]), "png"],
      ] as const) {
        const file = await uploadFile(app, client.token, bytes, avatarOf(format));
        const served = await stream(app, client.token, file.id);
        expect(served.headers.get("content-type")).toBe(`image/${format}`);
        expect(served.headers.get("x-content-type-options")).toBe("nosniff");
        expect(served.headers.get("content-security-policy")).toBe("sandbox; default-src 'none'");
        expect((await sized(client.token, file.id, "256")).bytes.includes("<script")).toBe(false);
      }
    });
  });

  describe("a size of a logo", () => {
    let id = "";
    let whole = Buffer.alloc(0);

    beforeAll(async () => {
      const { organizationId } = home;
      const body = { target: "orgLogo", organizationId, fileName: "logo.png", contentType: "image/png" };
      const file = await uploadFile(app, home.people.org_admin.token, await plain("png", 600, 300), body);
      id = file.id;
      whole = (await sized(client.token, id, "256")).bytes;
    });

    it("is a WebP with a name, a length and a validator of its own", async () => {
      const { headers } = await sized(client.token, id, "256");
      expect(headers.get("content-type")).toBe("image/webp");
      expect(headers.get("content-length")).toBe(String(whole.length));
      expect(headers.get("content-disposition")).toMatch(/^inline; filename="logo.webp"/);
      expect(headers.get("content-security-policy")).toBe("sandbox; default-src 'none'");
      expect(headers.get("cache-control")).toBe("no-store");
      const tags = await Promise.all(
        ["64", "256", "1024"].map(async (size) => (await sized(client.token, id, size)).headers.get("etag")),
      );
      tags.push((await stream(app, client.token, id)).headers.get("etag"));
      expect(new Set(tags).size).toBe(4);
    });

    it("answers HEAD, Range, If-Range and If-None-Match", async () => {
      const head = await sized(client.token, id, "256", { method: "HEAD" });
      const etag = head.headers.get("etag") ?? "";
      expect([head.status, head.bytes.length]).toEqual([200, 0]);
      expect(head.headers.get("content-length")).toBe(String(whole.length));
      const get = (headers: Record<string, string>) => sized(client.token, id, "256", { headers });
      const part = await get({ range: "bytes=4-9", "if-range": etag });
      expect(part.status).toBe(206);
      expect(part.headers.get("content-range")).toBe(`bytes 4-9/${whole.length}`);
      expect(part.bytes.equals(whole.subarray(4, 10))).toBe(true);
      expect((await get({ range: "bytes=99999999-" })).status).toBe(416);
      expect((await get({ "if-none-match": etag })).status).toBe(304);
      const other = (await sized(client.token, id, "64")).headers.get("etag") ?? "";
      expect((await get({ "if-none-match": other })).status).toBe(200);
    });

    it.each(["", "0", "63", "65", "512", "64.0", "064", "-64", "1024px", "64&size=256", "64&x=1"])(
      "is one of three: %j is 400",
      async (size) => {
        expect((await sized(client.token, id, size)).status).toBe(400);
      },
    );

    it("is for those who may see the logo, and for others as unknown as the file", async () => {
      expect((await sized(undefined, id, "64")).status).toBe(401);
      const stranger = await sized(away.people.org_admin.token, id, "64");
      const nothing = await sized(away.people.org_admin.token, crypto.randomUUID(), "64");
      expect([stranger.status, nothing.status]).toEqual([404, 404]);
      expect(JSON.parse(String(stranger.bytes)).detail).toBe(JSON.parse(String(nothing.bytes)).detail);
    });

    it("is 404 where none was made, as for pictures from before there were sizes", async () => {
      const { id: old } = await uploadFile(app, client.token, picture(), avatarOf("png"));
      await app.deps.database.sql`update file set sizes = '{}' where id = ${old}`;
      expect((await sized(client.token, old, "64")).status).toBe(404);
      expect((await stream(app, client.token, old)).status).toBe(200);
    });
  });

  describe("a document", () => {
    it("has no sizes: 400 for those who may read it", async () => {
      const { id } = await uploadFile(app, home.people.org_admin.token, pdf, documentOf(home));
      const asked = await sized(client.token, id, "64");
      expect(asked.status).toBe(400);
      expect(JSON.parse(String(asked.bytes))).toMatchObject({
        code: "validation_failed",
        details: [{ field: "size" }],
      });
      expect((await sized(away.people.client.token, id, "64")).status).toBe(404);
    });

    it("that is a photo is kept as it is, with everything it tells", async () => {
      const bytes = await fromCamera("jpeg");
      const body = documentOf(home, { contentType: "image/jpeg", fileName: "site.jpg" });
      const { id } = await uploadFile(app, home.people.org_admin.token, bytes, body);
      expect((await stream(app, client.token, id)).bytes.equals(bytes)).toBe(true);
      expect(await objectKeys(app, `objects/${home.organizationId}/${id}`)).toHaveLength(1);
    });
  });

  describe("an organization that is purged", () => {
    it("takes the sizes of its logo along", async () => {
      const { organizationId } = away;
      const body = { target: "orgLogo", organizationId, fileName: "l.png", contentType: "image/png" };
      await uploadFile(app, away.people.org_admin.token, await plain("png"), body);
      expect(await objectKeys(app, `objects/${organizationId}`)).toHaveLength(4);
      const { sql } = app.deps.database;
      expect(
        (
          await call(app, "GET", `/api/v1/organizations/${organizationId}`, {
            token: away.people.org_admin.token,
          })
        ).status,
      ).toBe(200);
      await sql`update organization set deleted_at = now() - interval '1 year' where id = ${organizationId}`;
      await app.deps.schedules.find(({ name }) => name === "organization-purge")?.run();
      await vi.waitFor(
        async () => expect(await objectKeys(app, `objects/${organizationId}`)).toEqual([]),
        15_000,
      );
    });
  });
}
