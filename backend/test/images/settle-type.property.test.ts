import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accepts, isInline, targetNames, targets } from "../../src/features/files/files.targets.ts";
import { settleType } from "../../src/features/files/files.verify.ts";

const known = [
  "image/png",
  "image/jpeg",
  "image/svg+xml",
  "video/mp4",
  "text/html",
  "text/plain",
  "application/json",
  "application/pdf",
  "application/octet-stream",
  "application/x-msdownload",
  "application/x-cfb",
  "application/msword",
  "video/webm",
  "audio/webm",
  "audio/mp4",
];
const type = fc.oneof(fc.constantFrom(...known), fc.stringMatching(/^[a-z]{1,9}\/[a-z0-9.+-]{1,12}$/));
const promised = fc.record({
  target: fc.constantFrom(...targetNames),
  declaredType: type,
  size: fc.constant(1),
  sha256: fc.constant(null),
});

describe("the type a file is served with", () => {
  it("can be rendered by a browser only when bytes and declaration both say so", () => {
    fc.assert(
      fc.property(promised, fc.option(type, { nil: undefined }), (file, sniffed) => {
        const settled = settleType(file, sniffed);
        if (settled !== null && isInline(settled))
          expect([sniffed, file.declaredType]).toEqual([settled, settled]);
      }),
    );
  });

  const alike = [
    ["audio/mp4", "video/mp4"],
    ["audio/x-m4a", "video/mp4"],
    ["audio/webm", "video/webm"],
    ["application/msword", "application/x-cfb"],
    ["application/vnd.ms-excel", "application/x-cfb"],
    ["application/vnd.ms-powerpoint", "application/x-cfb"],
  ];
  const isAlike = (declared: string, sniffed: string | undefined) =>
    alike.some(([one, other]) => one === declared && other === sniffed);

  it.each(alike)(
    "is what was declared where bytes cannot say more: %s in what looks like %s",
    (declaredType, sniffed) => {
      const file = {
        target: "organizationFile",
        declaredType: String(declaredType),
        size: 1,
        sha256: null,
      } as const;
      expect(settleType(file, sniffed)).toBe(declaredType);
      expect(isInline(String(declaredType))).toBe(false);
    },
  );

  it("is refused exactly where one of the two could be rendered and the other does not agree", () => {
    fc.assert(
      fc.property(promised, fc.option(type, { nil: undefined }), (file, sniffed) => {
        const { declaredType } = file;
        const contradicts =
          declaredType !== sniffed &&
          !isAlike(declaredType, sniffed) &&
          (isInline(declaredType) ||
            (sniffed !== undefined && isInline(sniffed) && declaredType !== "application/octet-stream"));
        expect(settleType(file, sniffed) === null).toBe(contradicts);
      }),
    );
  });

  it("is never made up: it was sniffed, is a declared text that shows nothing, or is opaque", () => {
    fc.assert(
      fc.property(promised, fc.option(type, { nil: undefined }), (file, sniffed) => {
        const settled = settleType(file, sniffed);
        if (settled === null || settled === "application/octet-stream") return;
        if (sniffed === undefined) {
          expect(settled).toBe(file.declaredType);
          expect(settled).toMatch(/^text\/|^application\/json$/);
        } else if (!isAlike(file.declaredType, sniffed)) {
          expect(settled).toBe(sniffed);
          expect(isInline(settled) || accepts(targets[file.target], settled)).toBe(true);
        }
      }),
    );
  });
});
