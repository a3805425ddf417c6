import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/config/config-error.ts";
import { parseEnv } from "../../src/config/parse-env.ts";
import { formatPreflight, type Probes, preflight } from "../../src/config/preflight.ts";
import type { Environment } from "../../src/config/variable.ts";
import { type Name, variableList } from "../../src/config/variables.ts";
import { productionEnv, productionS3Env } from "./production-env.ts";

const fine = async () => {};
const quietProbes: Probes = {
  databaseRole: fine,
  schema: fine,
  storage: fine,
  publicStorage: fine,
  mail: fine,
};
const CANARY = "cAnArY7";

/** Everything that a person or a log may get to see of an environment. */
async function shown(source: Environment, read: (path: string) => string = () => ""): Promise<string> {
  const lines = await preflight(source, quietProbes, read);
  let refusal = "";
  try {
    parseEnv(source, read);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    refusal = `${error.message}\n${error.stack}\n${error}\n${JSON.stringify(error)}`;
  }
  return `${refusal}\n${formatPreflight(lines)}\n${JSON.stringify(lines)}`;
}

/** Around the canary, so that values are refused for different reasons, or accepted. */
const shapes = [
  (c: string) => c,
  (c: string) => `${c}\r\nX: 1`,
  (c: string) => `${c},${c}`,
  (c: string) => `1:${c},1:${c}`,
  (c: string) => `web:${c}${"x".repeat(32)}`,
  (c: string) => `${c}${c}${c}${c}${c}${c}`,
  (c: string) => `changeme-${c}-${"x".repeat(32)}`,
  (c: string) => `https://${c}.test/${c}?${c}`,
  (c: string) => `http://${c}.test`,
  (c: string) => `postgres://postgres:${c}@${c}/${c}`,
  (c: string) => `postgres://${c}:${c}%zz@${c}/${c}`,
  (c: string) => `10.0.0.0/${c}`,
  (c: string) => `${c}@${c}`,
];

describe("a value of the environment", () => {
  it.each(variableList.map(([name]) => name))("is never shown when %s is at fault", async (name) => {
    for (const base of [productionEnv, productionS3Env])
      for (const shape of shapes) {
        const value = shape(CANARY);
        const direct = await shown({ ...base, [name]: value });
        const twice = await shown({ ...base, [name]: value, [`${name}_FILE`]: CANARY });
        const asFile = await shown({ ...base, [name]: undefined, [`${name}_FILE`]: CANARY }, () => value);
        for (const text of [direct, twice, asFile])
          expect(text.toLowerCase()).not.toContain(CANARY.toLowerCase());
      }
  });

  it("is never shown, whatever is wrong with whatever", async () => {
    const names = fc.constantFrom<Name>(...variableList.map(([name]) => name));
    const value = fc
      .tuple(fc.constantFrom(...shapes), fc.string({ maxLength: 8 }))
      .map(([s, t]) => s(`${t}${CANARY}${t}`));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, value, { maxKeys: 12 }), async (source) => {
        const text = await shown({ ...productionEnv, ...source });
        expect(text.toLowerCase()).not.toContain(CANARY.toLowerCase());
      }),
      { numRuns: 150 },
    );
  });

  it("is not shown when reading its file fails loudly", async () => {
    const read = () => {
      throw Object.assign(new Error(`cannot open ${CANARY}`), { code: CANARY });
    };
    expect(await shown({ ...productionEnv, SMTP_PASS_FILE: CANARY, SMTP_USER: "u" }, read)).not.toContain(
      CANARY,
    );
  });
});

describe("a probe that repeats secrets in its error", () => {
  const secrets = {
    DATABASE_URL: "postgres://coaching_app:dB%2Fp7w1@db/coaching_app",
    BETTER_AUTH_SECRETS: "2:A7f0Kq2mZx9Lw4Tn8Vr1Yc6Pb3Hs5Dju,1:pW8s1kZbX0q3Vt6yLr2mNc5uHd9fGj4a",
    SMTP_USER: "mailer",
    SMTP_PASS: "mÄil+p7w1",
  };
  const repeated = [
    secrets.DATABASE_URL,
    "dB/p7w1",
    "dB%2Fp7w1",
    "A7f0Kq2mZx9Lw4Tn8Vr1Yc6Pb3Hs5Dju",
    "pW8s1kZbX0q3Vt6yLr2mNc5uHd9fGj4a",
    "mÄil+p7w1",
    encodeURIComponent("mÄil+p7w1"),
  ];

  it.each(repeated)("does not get %s through", async (secret) => {
    const fails = async () => {
      throw new Error(`refused <${secret}> by the server`);
    };
    const lines = await preflight({ ...productionEnv, ...secrets }, { ...quietProbes, mail: fails });
    expect(lines.filter(({ ok }) => !ok)).toEqual([
      { name: "The mail server accepts us", ok: false, detail: "refused <•••> by the server" },
    ]);
  });
});
