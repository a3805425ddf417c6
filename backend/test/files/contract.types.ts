import { describe, expect, it } from "vitest";
import { uploadFile } from "../harness/client.ts";
import { documentOf, presign, register, stream, upload } from "./client.ts";
import * as samples from "./samples.ts";
import type { World } from "./world.ts";

const { gif, gifWithHtml, html, jpeg, MIB, mp4, pdf, png, svg } = samples;

export function describeTypes({ app, home }: World): void {
  const { token } = home.people.org_admin;
  const avatar = (contentType: string) => ({ target: "avatar", fileName: "a.png", contentType });

  async function kept(bytes: Buffer, contentType: string, fileName = "a.bin") {
    const file = await uploadFile(app, token, bytes, documentOf(home, { contentType, fileName }));
    const served = await stream(app, token, file.id);
    expect(served.bytes.equals(bytes)).toBe(true);
    expect(served.headers.get("x-content-type-options")).toBe("nosniff");
    expect(served.headers.get("content-security-policy")).toBe("sandbox; default-src 'none'");
    expect(served.headers.get("content-type")).toBe(file.contentType);
    const [disposition] = (served.headers.get("content-disposition") ?? "").split(";");
    return { contentType: file.contentType, declaredType: file.declaredType, disposition };
  }

  describe("the type of a file", () => {
    it.each([
      ["image/png", png],
      ["image/jpeg", jpeg],
      ["image/gif", gif],
      ["image/webp", samples.webp],
      ["image/avif", samples.avif],
      ["video/mp4", mp4],
      ["video/webm", samples.webm],
      ["video/quicktime", samples.quicktime],
    ])("is shown in place when bytes and declaration say %s", async (type, bytes) => {
      expect(await kept(bytes, type)).toMatchObject({ contentType: type, disposition: "inline" });
    });

    it.each([
      ["application/pdf", pdf, "application/pdf"],
      ["text/plain", Buffer.from("plain words"), "text/plain"],
      ["text/csv", Buffer.from("a,b\n1,2\n"), "text/csv"],
      ["application/json", Buffer.from("{}"), "application/json"],
      ["audio/mp4", mp4, "audio/mp4"],
      ["audio/webm", samples.webm, "audio/webm"],
      ["application/msword", samples.cfb, "application/msword"],
    ])("is a download for %s", async (type, bytes, contentType) => {
      expect(await kept(bytes, type)).toMatchObject({ contentType, disposition: "attachment" });
    });

    it.each([
      ["text/html", html],
      ["text/plain", html],
      ["image/svg+xml", svg],
      ["text/xml", svg],
      ["application/octet-stream", html],
      ["application/octet-stream", mp4],
    ])("is a download even where the bytes could be rendered: %s", async (type, bytes) => {
      expect((await kept(bytes, type)).disposition).toBe("attachment");
    });

    it("stays opaque when a picture is declared as a stream of bytes", async () => {
      expect(await kept(png, "application/octet-stream", "a.png")).toEqual({
        contentType: "application/octet-stream",
        declaredType: "application/octet-stream",
        disposition: "attachment",
      });
    });

    it.each([
      ["a PNG declared as JPEG", png, "image/jpeg"],
      ["a page named .png and declared as PNG", html, "image/png"],
      ["nothing known declared as PNG", Buffer.from("just text"), "image/png"],
      ["a PDF declared as PNG", pdf, "image/png"],
      ["a film declared as a picture", mp4, "image/gif"],
    ])("is refused when the bytes say otherwise: %s", async (_, bytes, contentType) => {
      const bodies = [avatar(contentType), documentOf(home, { contentType, fileName: "a.png" })];
      for (const body of bodies) {
        const signed = await upload(app, token, bytes, body);
        expect((await register(app, token, signed.storageKey)).status).toBe(422);
      }
    });

    it("of a picture that is a page, too, is the picture's and cannot run anything", async () => {
      const file = await uploadFile(app, token, gifWithHtml, avatar("image/gif"));
      const served = await stream(app, token, file.id);
      expect(served.headers.get("content-type")).toBe("image/gif");
      expect(served.headers.get("x-content-type-options")).toBe("nosniff");
      expect(served.headers.get("content-security-policy")).toBe("sandbox; default-src 'none'");
    });

    it.each([
      ["avatar", "image/svg+xml"],
      ["avatar", "application/pdf"],
      ["avatar", "image/bmp"],
      ["avatar", "video/mp4"],
      ["orgLogo", "image/svg+xml"],
      ["orgLogo", "text/html"],
      ["organizationFile", "application/x-msdownload"],
      ["organizationFile", "application/javascript"],
      ["organizationFile", "model/gltf-binary"],
    ])("is refused for %s when it is %s", async (target, contentType) => {
      const { organizationId } = home;
      const owner = target === "avatar" ? {} : { organizationId };
      const answer = await presign(app, token, { target, ...owner, fileName: "a", contentType, size: 10 });
      expect([answer.status, answer.json.code]).toEqual([415, "unsupported_media_type"]);
    });

    it.each(["audio/webm;codecs=opus", " Audio/WebM ; codecs=opus"])(
      "is taken without its parameters: %j",
      async (contentType) => {
        const body = documentOf(home, { contentType, fileName: "a.webm" });
        const file = await uploadFile(app, token, samples.webm, body);
        expect(file).toMatchObject({ contentType: "audio/webm", declaredType: "audio/webm" });
      },
    );

    it.each(["", "png", "image/", ";image/png", "image/png\r\nx: y", "image/png, text/html", "*/*"])(
      "is refused when it is no type at all: %j",
      async (contentType) => {
        expect([400, 415]).toContain(
          (await presign(app, token, { ...avatar(contentType), size: 10 })).status,
        );
      },
    );
  });

  describe("the size of a file", () => {
    const avatarOf = (size: unknown) => presign(app, token, { ...avatar("image/png"), size });

    it("may be the limit and not a byte more", async () => {
      expect((await avatarOf(5 * MIB)).status).toBe(201);
      const over = await avatarOf(5 * MIB + 1);
      expect([over.status, over.json.code]).toEqual([413, "payload_too_large"]);
      const paper = documentOf(home);
      expect((await presign(app, token, { ...paper, size: 100 * MIB })).status).toBe(201);
      expect((await presign(app, token, { ...paper, size: 100 * MIB + 1 })).status).toBe(413);
      for (const size of [2 ** 40, 5e12, Number.MAX_SAFE_INTEGER])
        expect((await presign(app, token, { ...paper, size })).status, String(size)).toBe(413);
    });

    it.each([0, -1, 1.5, "10", null, undefined, true])(
      "is at least one whole byte: %j is 400",
      async (size) => {
        const answer = await avatarOf(size);
        expect(answer.status).toBe(400);
        expect(answer.json.details.map(({ field }: { field: string }) => field)).toContain("size");
      },
    );
  });

  describe("a size that is no number of bytes", () => {
    it.each([
      "1e309",
      "-1e309",
      "9007199254740992",
      "1e20",
      "-0",
      "1.0000000001",
      "0x10",
      "1_000",
      "NaN",
      "[1]",
    ])("is 400: %s", async (size) => {
      const body = JSON.stringify({ ...documentOf(home), size: 7 }).replace('"size":7', `"size":${size}`);
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const answer = await fetch(`${app.url}/api/v1/files/presign`, { method: "POST", headers, body });
      expect(answer.status, await answer.text()).toBe(400);
    });
  });

  describe("a presign", () => {
    it("refuses unknown fields, and an organization where it makes no sense or is missing", async () => {
      const { organizationId } = home;
      const ok = { ...avatar("image/png"), size: 10 };
      for (const body of [
        { ...ok, extra: 1 },
        { ...ok, organizationId },
        { ...ok, target: "orgLogo" },
        { ...ok, target: "organizationFile", organizationId: "x" },
        { ...ok, target: "nothing" },
        { ...ok, target: undefined },
      ])
        expect((await presign(app, token, body)).status, JSON.stringify(body)).toBe(400);
    });
  });
}
