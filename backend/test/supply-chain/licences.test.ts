import { expect, it } from "vitest";
import { licensedPackages, thirdPartyNotices } from "../../scripts/licences.ts";
import { read, tableBelow } from "../docs/repository.ts";

const document = read("docs/dependencies.md");
const allowed = new Set(tableBelow(document, "Licences").map(([licence]) => licence));
const production = licensedPackages("production");

it("runs in production only what is under a licence of the list, and libvips", () => {
  const others = production.filter(({ licence }) => !allowed.has(licence));
  expect(others.filter(({ name }) => !name.startsWith("@img/sharp-libvips-"))).toEqual([]);
  for (const { licence } of others) expect(licence).toBe("LGPL-3.0-or-later");
});

it("lists no licence that nothing is under", () => {
  expect([...allowed].toSorted()).toEqual(
    [...new Set(production.map(({ licence }) => licence))]
      .filter((licence) => licence !== "LGPL-3.0-or-later")
      .toSorted(),
  );
});

it("uses tools only under licences that docs/dependencies.md names", () => {
  const [, sentence = ""] = /^Tools that are not handed on may also be under (.*)$/m.exec(document) ?? [];
  const named = new Set([...sentence.matchAll(/`([^`]+)`/g)].map(([, licence]) => licence));
  const others = licensedPackages("all").filter(
    ({ name, licence }) =>
      !allowed.has(licence) && !named.has(licence) && !name.startsWith("@img/sharp-libvips-"),
  );
  expect(others.map(({ name, licence }) => `${name}: ${licence}`)).toEqual([]);
});

it("hands on the name, the licence and the notices of each of them", () => {
  const notices = thirdPartyNotices();
  for (const { name, version, licence } of production)
    expect(notices).toContain(`${name} ${version}\nLicence: ${licence}\n`);
  expect(notices).toContain("Copyright (c) 2021 - present, Yusuke Wada and Hono contributors");
  expect(notices).not.toContain("node_modules");
});
