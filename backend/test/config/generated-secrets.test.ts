import { randomBytes } from "node:crypto";
import { parseEnv as parseEnvFile } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generateSecrets } from "../../src/config/generate-secrets.ts";
import { weaknessOf } from "../../src/config/weak-secret.ts";
import { problemsOf } from "./problems.ts";
import { productionEnv } from "./production-env.ts";

describe("generated secrets", () => {
  it("are accepted by production as they are printed", () => {
    const printed = parseEnvFile(generateSecrets().join("\n"));
    expect(problemsOf({ ...productionEnv, ...printed })).toEqual([]);
    expect(Object.keys(printed).toSorted()).toEqual([
      "BETTER_AUTH_SECRETS",
      "CLIENT_API_KEY",
      "DATABASE_OWNER_PASSWORD",
      "DATABASE_PASSWORD",
      "DATA_KEYS",
      "METRICS_TOKEN",
      "REDIS_PASSWORD",
      "STORAGE_SIGNING_KEY",
    ]);
  });

  it("are 48 random bytes each, and never the same twice", () => {
    const values = [...generateSecrets(), ...generateSecrets()].join("\n").match(/[\w-]{64}/g) ?? [];
    expect(values).toHaveLength(20);
    expect(new Set(values).size).toBe(20);
  });
});

describe("the strength of a secret", () => {
  it.each(["hex", "base64", "base64url"] as const)("is granted to random bytes in %s", (encoding) => {
    for (let i = 0; i < 2000; i++)
      expect(weaknessOf(randomBytes(encoding === "hex" ? 16 : 32).toString(encoding))).toBeUndefined();
  });

  it("is denied to any short text and to any text repeated", () => {
    fc.assert(fc.property(fc.string({ maxLength: 31 }), (text) => weaknessOf(text) !== undefined));
    const repeated = fc.tuple(fc.string({ minLength: 16, maxLength: 40 }), fc.integer({ min: 2, max: 5 }));
    fc.assert(fc.property(repeated, ([text, times]) => weaknessOf(text.repeat(times)) !== undefined));
  });
});
