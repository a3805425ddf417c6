import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cleanFileName,
  contentDisposition,
  extensionOf,
  sanitizeFilename,
} from "../../src/features/files/file-name.ts";

const anything = fc.oneof(
  fc.string({ unit: "binary", maxLength: 600 }),
  fc.string({ unit: "grapheme", maxLength: 600 }),
  fc.string({ maxLength: 600 }),
  // Lone surrogates, controls, quotes and bidi characters, close together.
  fc
    .array(
      fc.constantFrom(
        "\r",
        "\n",
        '"',
        ";",
        "\\",
        "/",
        "\ud800",
        "\udc00",
        "\u202e",
        "😀",
        "é",
        "a",
        "'",
        "%",
      ),
      {
        maxLength: 500,
      },
    )
    .map((parts) => parts.join("")),
);
const forbidden = /[\p{Cc}\p{Surrogate}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u;

describe("any file name", () => {
  it("is kept without controls, bidi and broken characters, not empty, and cleaning it again changes nothing", () => {
    fc.assert(
      fc.property(anything, (name) => {
        const cleaned = cleanFileName(name);
        expect(cleaned).not.toMatch(forbidden);
        expect(cleaned).not.toBe("");
        expect(cleanFileName(cleaned)).toBe(cleaned);
      }),
    );
  });

  it("becomes 1 to 200 printable ASCII characters without any that end a quoted string or a path", () => {
    fc.assert(
      fc.property(anything, (name) => {
        expect(sanitizeFilename(name)).toMatch(/^[\x20-\x7e]{1,200}$/);
        expect(sanitizeFilename(name)).not.toMatch(/[\r\n";\\/]/);
      }),
    );
  });

  it("stays as it is under the ASCII rule where the rule has nothing to say", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z0-9 ._()'*%-]{1,200}$/), (name) => {
        expect(sanitizeFilename(name)).toBe(name);
      }),
    );
  });

  it("makes one header of the grammar of RFC 6266 and 8187, which decodes to the cleaned name, or its start and extension", () => {
    const long = fc
      .tuple(anything, fc.constantFrom(".pdf", ".tar.gz", ".履歴", ".", ""))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(anything, long), fc.constantFrom("inline", "attachment"), (name, kind) => {
        const header = contentDisposition(kind as "inline" | "attachment", name);
        const match =
          /^(inline|attachment); filename="[\x20\x21\x23-\x2e\x30-\x3a\x3c-\x5b\x5d-\x7e]{1,200}"; filename\*=UTF-8''((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+)$/.exec(
            header,
          );
        expect(match?.[1], header).toBe(kind);
        const decoded = decodeURIComponent(match?.[2] ?? "");
        expect(decoded).not.toMatch(forbidden);
        const cleaned = cleanFileName(name);
        if (cleaned.length <= 200) expect(decoded).toBe(cleaned);
        else {
          const [extension = ""] = /\.[a-z0-9]{1,10}$/i.exec(cleaned) ?? [];
          expect(decoded.endsWith(extension)).toBe(true);
          expect(cleaned.startsWith(decoded.slice(0, decoded.length - extension.length))).toBe(true);
          // Half a character at the cut goes.
          expect([199, 200]).toContain(decoded.length);
        }
        expect(() => new Headers({ "content-disposition": header })).not.toThrow();
      }),
    );
  });

  it("gives an extension of 1 to 10 lower-case letters and digits", () => {
    fc.assert(
      fc.property(anything, (name) => {
        expect(extensionOf(name)).toMatch(/^[a-z0-9]{1,10}$/);
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{1,10}$/), (extension) => {
        expect(extensionOf(`name.${extension.toUpperCase()}`)).toBe(extension);
      }),
    );
  });
});
