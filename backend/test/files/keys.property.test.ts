import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isKey } from "../../src/adapters/storage/keys.ts";
import { extensionOf } from "../../src/features/files/file-name.ts";
import { presignSchema, registerSchema } from "../../src/features/files/files.schema.ts";

const parsePrefix = (prefix: unknown) =>
  presignSchema.safeParse({ target: "avatar", fileName: "a.png", contentType: "image/png", size: 1, prefix })
    .success;
const parseKey = (storageKey: unknown) => registerSchema.safeParse({ storageKey }).success;

const segment = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/);
const prefix = fc
  .array(segment, { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join("/"))
  .filter((text) => text.length <= 64);
const uuid = fc.uuid();

/** The rule in words: allowed characters, at most 64, no slash at either end, no empty segment. */
const isPrefix = (text: string): boolean =>
  text.length <= 64 &&
  text.split("/").every((part) => part !== "" && [...part].every((c) => /^[a-zA-Z0-9_-]$/.test(c)));

describe("any prefix", () => {
  it("is accepted exactly where every segment is of the allowed characters", () => {
    const text = fc.oneof(
      fc.string(),
      prefix,
      fc.string({
        unit: fc.constantFrom("a", "/", ".", "_", "-", "%", "\\", "\n", "\0", "é", "０"),
        maxLength: 70,
      }),
    );
    fc.assert(
      fc.property(text, (one) => {
        expect(parsePrefix(one), one).toBe(isPrefix(one));
      }),
      { numRuns: 1000 },
    );
  });

  it("makes, with a UUID and any file name's extension, a key that a register takes and a store can keep", () => {
    fc.assert(
      fc.property(prefix, uuid, fc.string({ unit: "binary" }), (folder, id, name) => {
        const key = `${folder}/${id}.${extensionOf(name)}`;
        expect(parseKey(key), key).toBe(true);
        expect(isKey(`staging/${key}`)).toBe(true);
      }),
    );
  });
});

describe("any storage key", () => {
  it("that is accepted is `<prefix>/<uuid>.<ext>`, and one the store can keep", () => {
    const pieces = fc.constantFrom(
      "a",
      "/",
      "..",
      ".",
      "0198d8a2-6a52-7c31-9d3b-0c3f6f6f2f10",
      "png",
      "%2e",
      "\n",
      " ",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (key) => {
        if (!parseKey(key)) return;
        const slash = key.lastIndexOf("/");
        expect(isPrefix(key.slice(0, slash))).toBe(true);
        expect(key.slice(slash + 1)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[a-zA-Z0-9]+$/i);
        expect(isKey(`staging/${key}`)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it("is refused with anything before, between or behind", () => {
    const addition = fc.constantFrom("/", "..", "../", "./", "\n", " ", "\0", "%", "\\", "?x", "#");
    fc.assert(
      fc.property(prefix, uuid, addition, (folder, id, extra) => {
        expect(parseKey(`${extra}${folder}/${id}.png`)).toBe(false);
        expect(parseKey(`${folder}/${extra}${id}.png`)).toBe(false);
        expect(parseKey(`${folder}/${id}${extra}.png`)).toBe(false);
        expect(parseKey(`${folder}/${id}.png${extra}`)).toBe(false);
        expect(parseKey(`${id}.png`)).toBe(false);
        expect(parseKey(`${folder}/${id}`)).toBe(false);
      }),
    );
  });
});
