import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createDataKeys, versionOf } from "../../src/adapters/data-keys/aes-gcm.ts";
import { BrokenSealError, UnknownKeyError } from "../../src/adapters/data-keys/port.ts";

const one = { version: 1, value: "gT5wJ8rC2xN6bM0vP4kF7hQ1zL9dS3yA" };
const two = { version: 2, value: "Vt5mQz8nWr3bKx7cLp1dHs9fGj2aYe4T" };
const keys = createDataKeys([one]);
const text = fc.string({ unit: "grapheme", maxLength: 200 });
const place = fc.string({ maxLength: 20 });

function failure(open: () => string): unknown {
  try {
    return open();
  } catch (error) {
    return error;
  }
}

describe("a sealed value", () => {
  it("opens to what it was, where it was made for", () => {
    fc.assert(fc.property(place, text, (at, value) => keys.open(at, keys.seal(at, value)) === value));
  });

  it("opens nowhere else", () => {
    fc.assert(
      fc.property(place, place, text, (here, there, value) => {
        fc.pre(here !== there);
        expect(() => keys.open(there, keys.seal(here, value))).toThrow(BrokenSealError);
      }),
    );
  });

  it("does not open with a character changed, missing or added", () => {
    const character = fc.constantFrom(..."ABCabc019-_.=+/ v\n");
    fc.assert(
      fc.property(
        text,
        fc.nat(),
        fc.nat({ max: 1 }),
        fc.string({ unit: character, maxLength: 2 }),
        (...edit) => {
          const [value, where, gone, added] = edit;
          const sealed = keys.seal("here", value);
          const at = where % (sealed.length + 1);
          const edited = sealed.slice(0, at) + added + sealed.slice(at + gone);
          fc.pre(edited !== sealed);
          const error = failure(() => keys.open("here", edited));
          expect(error instanceof BrokenSealError || error instanceof UnknownKeyError).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("does not open when it is cut short anywhere", () => {
    const sealed = keys.seal("here", "of some length");
    for (let length = 0; length < sealed.length; length += 1)
      expect(() => keys.open("here", sealed.slice(0, length))).toThrow(BrokenSealError);
  });

  it("says the same of every fault, and repeats nothing", () => {
    const sealed = keys.seal("here", "confidential");
    const faults = [sealed.slice(0, -1), sealed.slice(0, -30), "v1.1.AAAA", "", "confidential", `${sealed}A`];
    const told = faults.map((fault) => String(failure(() => keys.open("here", fault))));
    expect(new Set(told).size).toBe(1);
    expect(String(failure(() => keys.open("there", sealed)))).toBe(told[0]);
    for (const secret of ["confidential", one.value, sealed.slice(5)]) expect(told[0]).not.toContain(secret);
  });

  it("is another one each time, and tells nothing but its key and about how long it is", () => {
    const sealed = Array.from({ length: 200 }, () => keys.seal("here", "the same"));
    expect(new Set(sealed.map((s) => s.slice(5, 21))).size, "nonces").toBe(200);
    for (const one of sealed) expect(one).toMatch(/^v1\.1\.[\w-]{48}$/);
  });
});

describe("a ring", () => {
  it("seals with the first key and opens what an older one sealed", () => {
    const old = keys.seal("here", "from before");
    const ring = createDataKeys([two, one]);
    expect(versionOf(ring.seal("here", "new"))).toBe(2);
    expect(ring.open("here", old)).toBe("from before");
    expect(createDataKeys([one, two]).open("here", ring.seal("here", "new"))).toBe("new");
  });

  it("names the key that it misses", () => {
    const error = failure(() => createDataKeys([two]).open("here", keys.seal("here", "gone")));
    expect(error).toMatchObject({ version: 1, message: expect.stringContaining("data key 1") });
    expect(error).toBeInstanceOf(UnknownKeyError);
  });

  it("is not fooled by another key of the same version, nor by a version written over", () => {
    const sealed = keys.seal("here", "mine");
    expect(() => createDataKeys([{ ...two, version: 1 }]).open("here", sealed)).toThrow(BrokenSealError);
    const both = createDataKeys([one, { ...one, version: 2 }]);
    expect(() => both.open("here", sealed.replace("v1.1.", "v1.2."))).toThrow(BrokenSealError);
    for (const version of ["01", "+1", "1e0", "", "1 "])
      expect(() => both.open("here", sealed.replace("v1.1.", `v1.${version}.`))).toThrow(BrokenSealError);
  });
});
