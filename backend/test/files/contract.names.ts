import { describe, expect, it } from "vitest";
import { call, uploadFile } from "../harness/client.ts";
import { documentOf, getFile, presign, register, stream } from "./client.ts";
import { pdf } from "./samples.ts";
import type { World } from "./world.ts";

/** The policy's words: `\r \n " ; \ /` become `_`, printable ASCII only, at most 200 characters. */
const byPolicy = (name: string) =>
  name
    .replace(/[\r\n";\\/]/g, "_")
    .replace(/[^\x20-\x7e]/g, "")
    .slice(0, 200);

const invisible = /[\p{Cc}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u;

export function describeNames({ app, home }: World): void {
  const { token } = home.people.org_admin;
  const uuid = "0198d8a2-6a52-7c31-9d3b-0c3f6f6f2f10";

  describe("the prefix of a key", () => {
    const withPrefix = (prefix: unknown) => presign(app, token, documentOf(home, { size: 10, prefix }));

    it.each(["a", "a/b/c", "A-Z_09", "x".repeat(64), `${"x".repeat(31)}/${"y".repeat(32)}`])(
      "may be %s",
      async (prefix) => {
        const signed = await withPrefix(prefix);
        expect(signed.status).toBe(201);
        expect(signed.json.storageKey.startsWith(`${prefix}/`)).toBe(true);
      },
    );

    it.each([
      "/a",
      "a/",
      "/",
      "",
      "a//b",
      "..",
      ".",
      "../a",
      "a/../b",
      "a/..",
      "a/./b",
      "%2e%2e/a",
      "a%2Fb",
      "a\\b",
      "a b",
      "é",
      "a\n",
      "\na",
      "a\u0000",
      "a?b",
      "a#b",
      "x".repeat(65),
      `${"x/".repeat(32)}x`,
      "ａ",
      1,
      null,
      ["a"],
    ])("may not be %j", async (prefix) => {
      expect((await withPrefix(prefix)).status).toBe(400);
    });
  });

  describe("a storage key", () => {
    it.each([
      "",
      "x",
      `${uuid}.png`,
      `/${uuid}.png`,
      `/avatars/${uuid}.png`,
      `avatars//${uuid}.png`,
      `avatars/${uuid}`,
      `avatars/${uuid}.`,
      `avatars/${uuid}.png/`,
      `avatars/../${uuid}.png`,
      `../avatars/${uuid}.png`,
      `avatars/%2e%2e/${uuid}.png`,
      "avatars/not-a-uuid.png",
      `avatars/${uuid}0.png`,
      `avatars/${uuid}.p ng`,
      `avatars/${uuid}.png\n`,
      `\navatars/${uuid}.png`,
      `avatars/${uuid}.png?x=1`,
      `avatars\\${uuid}.png`,
      `${"x".repeat(600)}/${uuid}.png`,
      1,
      null,
      undefined,
      { key: "x" },
    ])("of another form is 400: %j", async (key) => {
      const answer = await register(app, token, key);
      expect([answer.status, answer.json.code]).toEqual([400, "validation_failed"]);
    });

    it.each(["1", "4", "7", "8"])(
      "of the right form and of UUID version %s is looked up: 404",
      async (version) => {
        const key = `some/where/0198d8a2-6a52-${version}c31-9d3b-0c3f6f6f2f10.tar`;
        expect((await register(app, token, key)).status).toBe(404);
      },
    );

    it("takes no other field beside it", async () => {
      const body = { storageKey: `avatars/${uuid}.png`, organizationId: home.organizationId };
      expect((await call(app, "POST", "/api/v1/files/register", { token, body })).status).toBe(400);
    });

    it("reads nothing: there is no path that signs or serves a key", async () => {
      for (const path of [`avatars/${uuid}.png`, `${uuid}.png`, `avatars%2F${uuid}.png`, "documents"])
        expect((await call(app, "GET", `/api/v1/files/${path}`, { token })).status, path).toBe(404);
    });
  });

  describe("the name of a file", () => {
    it.each([
      ["plain", "welcome.pdf"],
      ["a quote, semicolon, backslash and slash", 'a"b;c\\d/e.pdf'],
      ["an attempt at a header", "a.pdf\r\nSet-Cookie: x=1"],
      ["an attempt at a parameter", "a.pdf\"; filename*=UTF-8''evil.html"],
      ["a path", "../../etc/passwd"],
      ["bidi controls", "invoice\u202egpj.exe"],
      ["isolates and marks", "\u2066a\u2069\u200e\u200f\u061cb.pdf"],
      ["300 characters", `${"n".repeat(296)}.pdf`],
      ["300 characters that are not ASCII", `${"é".repeat(296)}.pdf`],
      ["Chinese", "履歴書.pdf"],
      ["Arabic and Hebrew", "سيرة קורות.pdf"],
      ["accents", "résumé naïve.pdf"],
      ["emoji", "plan 👩‍👩‍👧🏽 2026.pdf"],
      ["RFC 8187 specials", "a'b(c)*d%e f&g=h~i!.pdf"],
      ["percent signs", "100%25.pdf"],
      ["500 characters", "x".repeat(500)],
    ])("arrives whole and harmless in Content-Disposition: %s", async (_, fileName) => {
      const file = await uploadFile(app, token, pdf, documentOf(home, { fileName }));
      expect(file.fileName).not.toMatch(invisible);
      const header = (await stream(app, token, file.id)).headers.get("content-disposition") ?? "";
      const [, ascii, encoded] =
        /^attachment; filename="([^"\\\r\n]*)"; filename\*=UTF-8''([^;\s]*)$/.exec(header) ?? [];
      expect(ascii, header).toBe(byPolicy(fileName));
      // RFC 8187: attr-char or percent-encoded, nothing else.
      expect(encoded).toMatch(/^(?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+$/);
      const decoded = decodeURIComponent(encoded ?? "");
      expect(decoded).not.toMatch(invisible);
      const end = file.fileName.length > 200 ? (/\.pdf$/.exec(file.fileName)?.[0] ?? "") : "";
      expect(decoded.endsWith(end), `${decoded} ends with ${end}`).toBe(true);
      const start = decoded.slice(0, decoded.length - end.length);
      expect(file.fileName.startsWith(start), `${file.fileName} starts with ${start}`).toBe(true);
      expect([...decoded].length).toBeGreaterThanOrEqual(Math.min([...file.fileName].length, 150));
      const { downloadUrl } = (await getFile(app, token, file.id)).json;
      expect((await fetch(downloadUrl)).headers.get("content-disposition")).toBe(header);
    });

    it("is kept as it was written where nothing in it is dangerous", async () => {
      for (const fileName of ["履歴書 (1).pdf", "plan 👩‍👩‍👧🏽 2026.pdf", "résumé.pdf", "x".repeat(500)])
        expect((await uploadFile(app, token, pdf, documentOf(home, { fileName }))).fileName).toBe(fileName);
    });

    it("has a stand-in where nothing printable is left", async () => {
      const file = await uploadFile(app, token, pdf, documentOf(home, { fileName: "\u202e\u0007" }));
      expect(file.fileName.length).toBeGreaterThan(0);
      const header = (await stream(app, token, file.id)).headers.get("content-disposition") ?? "";
      expect(header).toMatch(/^attachment; filename="[^"]+"; filename\*=UTF-8''[^;]+$/);
    });

    it.each(["", "a\u0000b", "x".repeat(501), 7, null, undefined])("may not be %j", async (fileName) => {
      expect((await presign(app, token, documentOf(home, { fileName, size: 1 }))).status).toBe(400);
    });

    it.each([
      ["a.PDF", "pdf"],
      ["archive.tar.gz", "gz"],
      ["noextension", "[a-z0-9]+"],
      ["trailing.", "[a-z0-9]+"],
      ["x.sh;rm", "[a-z0-9]+"],
      [".htaccess", "[a-z0-9]+"],
      ["a.verylongextensionindeed", "[a-z0-9]+"],
      ["a.履歴", "[a-z0-9]+"],
    ])("gives the key an extension that a register takes: %s", async (fileName, extension) => {
      const signed = await presign(app, token, documentOf(home, { fileName, size: 1 }));
      expect(signed.json.storageKey).toMatch(new RegExp(`^documents/[0-9a-f-]{36}\\.${extension}$`));
      expect((await register(app, token, signed.json.storageKey)).status).toBe(409);
    });
  });
}
