import { describe, expect, it } from "vitest";
import { uploadFile } from "../harness/client.ts";
import { documentOf, getFile, presign, put, register, stream, upload } from "./client.ts";
import { gif, html, jpeg, pdf, png, svg } from "./samples.ts";
import type { World } from "./world.ts";

const zipEnd = Buffer.from("504b0506000000000000000000000000000000000000", "hex");

export function describeHostile({ app, home }: World): void {
  const { token } = home.people.org_admin;

  /** How the bytes of a file reach a browser, by both ways. */
  async function served(id: string) {
    const streamed = await stream(app, token, id);
    const { downloadUrl } = (await getFile(app, token, id)).json;
    const direct = await fetch(downloadUrl);
    await direct.arrayBuffer();
    const of = (headers: Headers) => ({
      type: headers.get("content-type"),
      kind: headers.get("content-disposition")?.split(";")[0],
    });
    expect(of(direct.headers)).toEqual(of(streamed.headers));
    expect(streamed.headers.get("x-content-type-options")).toBe("nosniff");
    expect(streamed.headers.get("content-security-policy")).toBe("sandbox; default-src 'none'");
    return of(streamed.headers);
  }

  describe("a file that is two things at once", () => {
    it.each([
      ["a PNG and a page", png, html, "image/png"],
      ["a JPEG and a page", jpeg, html, "image/jpeg"],
      ["a GIF and a script", gif, Buffer.from("/*=1;alert(1)//*/"), "image/gif"],
      ["a PNG and a ZIP", png, zipEnd, "image/png"],
      ["a GIF and a PDF", gif, pdf, "image/gif"],
      ["a GIF and a page", gif, html, "image/gif"],
    ])(
      "is shown as the picture it begins as, and as nothing else: %s",
      async (_, first, second, contentType) => {
        const bytes = Buffer.concat([first, second]);
        const file = await uploadFile(
          app,
          token,
          bytes,
          documentOf(home, { fileName: "a.html", contentType }),
        );
        expect(await served(file.id)).toEqual({ type: contentType, kind: "inline" });
      },
    );

    it.each([
      ["a PDF with a page in it", Buffer.concat([pdf, html]), "application/pdf", "application/pdf"],
      ["a PDF and a ZIP", Buffer.concat([pdf, zipEnd]), "application/pdf", "application/pdf"],
      ["a ZIP and a PDF", Buffer.concat([zipEnd, pdf]), "application/pdf", "application/zip"],
      ["an SVG that declares to be text", svg, "text/plain", "text/plain"],
      ["an SVG in UTF-16", Buffer.from(`\ufeff${svg}`, "utf16le"), "image/svg+xml", null],
      ["a page with a byte order mark", Buffer.concat([Buffer.from("\ufeff"), html]), "text/html", null],
    ])("is only ever a download where it may be rendered: %s", async (_, bytes, contentType, type) => {
      const file = await uploadFile(app, token, bytes, documentOf(home, { contentType }));
      const seen = await served(file.id);
      expect(seen.kind).toBe("attachment");
      if (type) expect(seen.type).toBe(type);
    });

    it.each([
      ["a page before a PNG", Buffer.concat([html, png]), "image/png"],
      ["a ZIP before a GIF", Buffer.concat([zipEnd, gif]), "image/gif"],
      ["an SVG named and declared as a PNG", svg, "image/png"],
      ["a page of an avatar's size", Buffer.from(html.toString().padEnd(3000)), "image/webp"],
    ])("is refused when it does not begin as what it is declared: %s", async (_, bytes, contentType) => {
      for (const body of [documentOf(home), { target: "avatar" }]) {
        const signed = await upload(app, token, bytes, { ...body, fileName: "a.png", contentType });
        const answer = await register(app, token, signed.storageKey);
        expect([answer.status, answer.json.code]).toEqual([422, "validation_failed"]);
      }
    });
  });

  describe("a name with more than one extension", () => {
    it.each([
      ["invoice.pdf.exe", "exe"],
      ["picture.png.html", "html"],
      ["shell.php.png", "png"],
      ["a.tar.gz", "gz"],
      ["a.pdf .exe", "exe"],
      ["a.pdf\u202eexe.png", "png"],
      ["a.png\u0000.html".replace("\u0000", "%00"), "html"],
    ])("decides nothing: bytes do, and %s is a download", async (fileName, extension) => {
      const signed = await upload(app, token, pdf, documentOf(home, { fileName }));
      expect(signed.storageKey).toMatch(new RegExp(`^documents/[0-9a-f-]{36}\\.${extension}$`));
      const { json } = await register(app, token, signed.storageKey);
      expect(await served(json.id)).toEqual({ type: "application/pdf", kind: "attachment" });
    });
  });

  describe("a name with characters that no eye sees", () => {
    it.each([
      ["tab, escape, DEL", "a\tb\u001bc\u007f.pdf", "abc.pdf"],
      ["next line and other C1", "a\u0085b\u009f.pdf", "ab.pdf"],
      ["line and paragraph separators", "a\u2028b\u2029.pdf", "ab.pdf"],
      ["a byte order mark", "\ufeffa.pdf", "a.pdf"],
      ["overrides and embeddings", "a\u202a\u202b\u202c\u202d\u202eb.pdf", "ab.pdf"],
      ["half a character", "a\ud800b.pdf", "ab.pdf"],
      ["CR, LF and both", "a\rb\nc\r\nd.pdf", "a_b_c__d.pdf"],
    ])("loses them: %s", async (_, fileName, kept) => {
      const file = await uploadFile(app, token, pdf, documentOf(home, { fileName }));
      expect(file.fileName).toBe(kept);
      const header = (await stream(app, token, file.id)).headers.get("content-disposition");
      expect(header).toBe(`attachment; filename="${kept}"; filename*=UTF-8''${kept}`);
    });
  });

  describe("a prefix that looks like another", () => {
    it.each([
      "\u2024\u2024/a",
      "\u2025/a",
      "\u2026",
      "\uff0e\uff0e/a",
      "a\u2215b",
      "a\u2044b",
      "a\uff0fb",
      "%2e%2e%2fa",
      "%252e%252e",
      "..;/a",
      "a/..;/b",
      ".../a",
      "~/a",
      "a:b",
      "C:\\a",
      "\\\\host\\a",
      "//a",
      "a///b",
      "a/b/",
      "-/./-",
      "a\u200b",
      "\u202ea",
      "а",
      "a\r\nb",
      "a\tb",
      "objects/../a",
      "x".repeat(65),
      `${"x".repeat(64)}/`,
    ])("is refused: %j", async (prefix) => {
      const answer = await presign(app, token, documentOf(home, { size: 10, prefix }));
      expect([answer.status, answer.json.code]).toEqual([400, "validation_failed"]);
    });

    it.each(["objects", `objects/${home.organizationId}`, "staging", "staging/objects"])(
      "of our own places leads no further than anybody's: %s",
      async (prefix) => {
        const signed = await upload(app, token, pdf, documentOf(home, { prefix }));
        expect(await app.deps.storage.head(signed.storageKey)).toBeNull();
        expect((await app.deps.storage.head(`staging/${signed.storageKey}`))?.size).toBe(pdf.length);
        expect((await register(app, token, signed.storageKey)).status).toBe(201);
      },
    );
  });

  describe("the URL of an upload", () => {
    it("takes other bytes until the register, and what was registered is what was there then", async () => {
      const [first, second] = [1, 2].map((n) => Buffer.from(pdf).fill(n, 20)) as [Buffer, Buffer];
      const signed = await upload(app, token, first, documentOf(home));
      expect((await put(signed, second)).status).toBe(200);
      const { json } = await register(app, token, signed.storageKey);
      expect((await stream(app, token, json.id)).bytes.equals(second)).toBe(true);
      await (await put(signed, first)).text();
      expect((await register(app, token, signed.storageKey)).status).toBe(404);
      expect((await stream(app, token, json.id)).bytes.equals(second)).toBe(true);
    });
  });

  describe("a header that goes on and on", () => {
    it.each([
      [
        "5000 ranges",
        { range: `bytes=${Array.from({ length: 5000 }, (_, i) => `${i}-${i}`).join()}`.slice(0, 30_000) },
      ],
      ["a number of 30 000 digits", { range: `bytes=0-${"9".repeat(30_000)}` }],
      ["spaces in a range", { range: `bytes=${" ".repeat(30_000)}0-1${" ".repeat(100)}x` }],
      [
        "5000 validators",
        {
          "if-none-match": Array.from({ length: 5000 }, () => '"a"')
            .join(", ")
            .slice(0, 30_000),
        },
      ],
      ["weak marks", { "if-none-match": "W/".repeat(15_000) }],
      ["a long validator", { range: "bytes=0-1", "if-range": `"${"a".repeat(30_000)}"` }],
    ])("gets all of the file, or what it means: %s", async (_, headers) => {
      const { id } = await uploadFile(app, token, pdf, documentOf(home));
      const served = await stream(app, token, id, { headers });
      expect([200, 206]).toContain(served.status);
      expect(served.bytes.equals(pdf)).toBe(true);
      const direct = await fetch((await getFile(app, token, id)).json.downloadUrl, { headers });
      await direct.arrayBuffer();
      expect(direct.status).toBeLessThan(500);
    });

    it("is 431 where there is no end to it", async () => {
      const { id } = await uploadFile(app, token, pdf, documentOf(home));
      const answer = await stream(app, token, id, { headers: { range: `bytes=0-${"9".repeat(40_000)}` } });
      expect(answer.status).toBe(431);
    });
  });
}
