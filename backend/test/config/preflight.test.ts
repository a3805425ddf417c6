import { describe, expect, it } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { formatPreflight, type Probes, preflight } from "../../src/config/preflight.ts";
import { productionEnv, productionS3Env } from "./production-env.ts";

const fine = async () => {};
const probes: Probes = { databaseRole: fine, schema: fine, storage: fine, publicStorage: fine, mail: fine };

const failures = async (...args: Parameters<typeof preflight>) =>
  (await preflight(...args)).filter(({ ok }) => !ok).map(({ name }) => name);

describe("preflight", () => {
  it("passes line by line where production would start", async () => {
    for (const source of [productionEnv, productionS3Env]) {
      const lines = await preflight(source, probes);
      expect(lines.filter(({ ok }) => !ok)).toEqual([]);
      expect(lines.length).toBeGreaterThan(35);
      expect(new Set(lines.map(({ name }) => name)).size).toBe(lines.length);
    }
  });

  it("judges as in production, and says that this is not production", async () => {
    expect(await failures({ ...productionEnv, NODE_ENV: "development" }, probes)).toEqual([
      "NODE_ENV is production",
    ]);
    expect(await failures({ ...productionEnv, NODE_ENV: undefined, DEMO_DATA: "on" }, probes)).toContain(
      "There is no demo data",
    );
  });

  it("hands the production configuration to each probe", async () => {
    const seen: Config[] = [];
    const look = async (config: Config) => {
      seen.push(config);
    };
    await preflight(
      { ...productionEnv, NODE_ENV: "test" },
      { databaseRole: look, schema: look, storage: look, publicStorage: look, mail: look },
    );
    expect(seen.map(({ mode }) => mode)).toEqual(Array(5).fill("production"));
  });

  it("says why a probe failed, and goes on with the others", async () => {
    const broken = { ...probes, schema: () => Promise.reject(new Error("two migrations\n are missing")) };
    const lines = await preflight(productionEnv, broken);
    expect(lines.filter(({ ok }) => !ok)).toEqual([
      { name: "The schema is up to date", ok: false, detail: "two migrations are missing" },
    ]);
  });

  it("tries no probe with settings that do not hold", async () => {
    let tried = 0;
    const count = async () => {
      tried++;
    };
    const source = { ...productionEnv, CORS_ORIGIN: undefined };
    const failed = await failures(source, {
      databaseRole: count,
      schema: count,
      storage: count,
      publicStorage: count,
      mail: count,
    });
    expect(tried).toBe(0);
    expect(failed).toEqual([
      "CORS_ORIGIN is set",
      "CORS allows no local origin",
      "CORS allows only https origins",
      "The database answers, and its role is not a superuser",
      "The schema is up to date",
      "The store answers",
      "Clients reach the store, and signed URLs work there",
      "The mail server accepts us",
    ]);
  });

  it("names a malformed variable that is not required, in a line of its own", async () => {
    const lines = await preflight({ ...productionEnv, PORT: "x" }, probes);
    expect(lines).toContainEqual({
      name: "PORT is well-formed",
      ok: false,
      detail: "PORT is not a whole number from 0 to 65535: set it to a whole number from 0 to 65535",
    });
    expect(lines.map(({ name }) => name)).not.toContain("Every other variable is well-formed");
  });

  it("is printed in aligned lines", () => {
    const lines = [
      { name: "Short", ok: false, detail: "do this" },
      { name: "Rather long", ok: false, detail: "do that" },
      { name: "Good", ok: true, detail: "" },
    ];
    expect(formatPreflight(lines).split("\n")).toEqual([
      "FAIL  Short        do this",
      "FAIL  Rather long  do that",
      "pass  Good",
    ]);
  });
});
