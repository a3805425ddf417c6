import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { read } from "./repository.ts";

/** Every requirement that we hold ourselves to: levels 1 and 2 that apply to an API, and chosen ones of level 3. */
const bar = `
  1.1.1 1.1.2 1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.2.9 1.2.10 1.3.3 1.3.4 1.3.6 1.3.7 1.3.11 1.3.12 1.4.2 1.5.2 1.5.3
  2.1.1 2.1.2 2.1.3 2.2.1 2.2.2 2.2.3 2.3.1 2.3.2 2.3.3 2.3.4 2.3.5 2.4.1
  3.2.1 3.3.1 3.3.2 3.3.3 3.3.4 3.4.1 3.4.2 3.4.3 3.4.4 3.4.5 3.4.6 3.5.1 3.5.2 3.5.3 3.5.8 3.7.2 3.7.4
  4.1.1 4.1.2 4.1.3 4.1.4 4.1.5 4.2.1 4.2.2 4.2.3 4.2.4 4.2.5 4.4.1 4.4.2 4.4.3 4.4.4
  5.1.1 5.2.1 5.2.2 5.2.3 5.2.4 5.2.5 5.2.6 5.3.1 5.3.2 5.3.3 5.4.1 5.4.2 5.4.3
  6.1.1 6.1.2 6.1.3 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.8 6.2.9 6.2.10 6.2.11 6.2.12 6.3.1 6.3.2 6.3.3 6.3.4 6.3.5
  6.3.7 6.3.8 6.4.1 6.4.3 6.4.4 6.4.6 6.5.1 6.5.2 6.5.3 6.5.4 6.5.5 6.5.6 6.5.8 6.6.2 6.6.3
  7.1.1 7.1.2 7.2.1 7.2.2 7.2.3 7.2.4 7.3.1 7.3.2 7.4.1 7.4.2 7.4.3 7.4.5 7.5.1 7.5.2 7.5.3
  8.1.1 8.1.2 8.2.1 8.2.2 8.2.3 8.3.1 8.3.2 8.3.3 8.4.1 8.4.2 9.1.1
  11.1.1 11.1.2 11.2.1 11.2.2 11.2.4 11.3.1 11.3.2 11.3.3 11.3.4 11.4.1 11.4.2 11.5.1
  12.1.1 12.1.2 12.2.1 12.3.1 12.3.2 12.3.3 12.3.4 12.3.5
  13.1.1 13.1.2 13.1.3 13.1.4 13.2.1 13.2.2 13.2.3 13.2.4 13.2.5 13.2.6 13.3.1 13.3.2 13.3.4
  13.4.1 13.4.2 13.4.4 13.4.5 13.4.6 14.1.1 14.1.2 14.2.1 14.2.2 14.2.4 14.2.6 14.2.7 14.2.8 14.3.2
  15.1.1 15.1.2 15.1.3 15.2.1 15.2.2 15.2.3 15.2.4 15.3.1 15.3.2 15.3.3 15.3.4 15.3.5 15.3.6 15.3.7 15.4.1 15.4.2 15.4.3
  16.1.1 16.2.1 16.2.2 16.2.4 16.2.5 16.3.1 16.3.2 16.3.3 16.3.4 16.4.1 16.4.2 16.4.3 16.5.1 16.5.2 16.5.3 16.5.4`
  .trim()
  .split(/\s+/);

const rows = read("docs/security/asvs.md")
  .split("\n")
  .filter((line) => /^\| (API)?\d/.test(line))
  .map((line) => {
    const [ids = "", what = "", proof = ""] = line
      .slice(1, -1)
      .split(" | ")
      .map((cell) => cell.trim());
    return { ids: ids.match(/(API)?[\d.]+/g) ?? [], what, proof };
  });
const proofs = rows.flatMap(({ ids, proof }) =>
  [...proof.matchAll(/`([\w./-]+\.ts)` "([^"]+)"/g)].map(([, file = "", name = ""]) => ({
    id: ids.join(" "),
    file,
    name,
  })),
);

describe("docs/security/asvs.md", () => {
  it("has every requirement once", () => {
    const topTen = Array.from({ length: 10 }, (_, i) => `API${i + 1}`);
    expect(rows.flatMap(({ ids }) => ids).toSorted()).toEqual([...bar, ...topTen].toSorted());
  });

  it("gives each a test, or says why not", () => {
    const silent = rows.filter(
      ({ what, proof }) => what === "" || !/^(`[\w./-]+\.ts` "|by design: .|operator: .|open: .)/.test(proof),
    );
    expect(silent).toEqual([]);
  });

  it.each(proofs)("$id: $name", ({ file, name }) => {
    const at = new URL(`../${file}`, import.meta.url);
    expect(existsSync(at)).toBe(true);
    expect(readFileSync(at, "utf8")).toContain(name);
  });

  it("proves most of them by tests", () => {
    expect(proofs.length).toBeGreaterThan(100);
  });
});
