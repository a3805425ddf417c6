import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRange } from "../../src/conditional.ts";

const size = fc.integer({ min: 1, max: 2 ** 40 });
const position = fc.integer({ min: 0, max: 2 ** 41 });

describe("any Range header", () => {
  it("gives everything, nothing, or a range inside of the file", () => {
    const header = fc.oneof(
      fc.string(),
      fc.string().map((text) => `bytes=${text}`),
      fc.stringMatching(/^bytes=[0-9,\- ]*$/),
      fc.constant(undefined),
    );
    fc.assert(
      fc.property(header, size, (range, length) => {
        const parsed = parseRange(range, length);
        if (parsed === null || parsed === "unsatisfiable") return;
        expect(Number.isSafeInteger(parsed.start) && Number.isSafeInteger(parsed.end)).toBe(true);
        expect(parsed.start).toBeGreaterThanOrEqual(0);
        expect(parsed.start).toBeLessThanOrEqual(parsed.end);
        expect(parsed.end).toBeLessThan(length);
      }),
    );
  });

  it("from first to last byte is cut at the end of the file, and unsatisfiable behind it", () => {
    fc.assert(
      fc.property(position, position, size, (a, b, length) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        const expected =
          first >= length ? "unsatisfiable" : { start: first, end: Math.min(last, length - 1) };
        expect(parseRange(`bytes=${first}-${last}`, length)).toEqual(expected);
      }),
    );
  });

  it("without a last byte reaches to the end", () => {
    fc.assert(
      fc.property(position, size, (first, length) => {
        const expected = first >= length ? "unsatisfiable" : { start: first, end: length - 1 };
        expect(parseRange(`bytes=${first}-`, length)).toEqual(expected);
      }),
    );
  });

  it("of a suffix is the last bytes, or all where there are fewer", () => {
    fc.assert(
      fc.property(position, size, (last, length) => {
        const expected =
          last === 0 ? "unsatisfiable" : { start: Math.max(0, length - last), end: length - 1 };
        expect(parseRange(`bytes=-${last}`, length)).toEqual(expected);
      }),
    );
  });

  it("that is of another unit is left aside", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,8}$/), size, (unit, length) => {
        fc.pre(unit !== "bytes");
        expect(parseRange(`${unit}=0-1`, length)).toBeNull();
      }),
    );
  });
});
