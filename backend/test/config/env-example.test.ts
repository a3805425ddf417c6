import { readFileSync } from "node:fs";
import { parseEnv as parseEnvFile } from "node:util";
import { describe, expect, it } from "vitest";
import { parseEnv } from "../../src/config/parse-env.ts";
import { variableList } from "../../src/config/variables.ts";
import { developmentEnv } from "./production-env.ts";
import { renderEnvExample } from "./render-env-example.ts";

const root = new URL("../../../", import.meta.url);
const example = readFileSync(new URL(".env.example", root), "utf8");
const lines = example.split("\n");
const keys = lines.flatMap((line) => /^([A-Z0-9_]+)=/.exec(line)?.[1] ?? []);

describe(".env.example", () => {
  it("names exactly the variables that are read, once", () => {
    expect(keys.toSorted()).toEqual(variableList.map(([name]) => name).toSorted());
  });

  it("has one comment line above each, with NAME_FILE exactly for secrets", () => {
    for (const [name, { secret }] of variableList) {
      const at = lines.findIndex((line) => line.startsWith(`${name}=`));
      const [before = "", comment = ""] = lines.slice(at - 2, at);
      expect(comment).toMatch(/^# .+\.$/);
      expect(before.startsWith("# ") && !before.startsWith("# ---")).toBe(false);
      expect(comment.includes(`${name}_FILE`)).toBe(secret === true);
    }
  });

  it("holds no secret", () => {
    for (const [name, { secret }] of variableList) if (secret) expect(lines).toContain(`${name}=`);
  });

  it("says what the code does (`vitest run -u` writes it anew)", async () => {
    await expect(renderEnvExample()).toMatchFileSnapshot(new URL(".env.example", root).pathname);
  });

  it("changes nothing when it is copied as it is", () => {
    const copied = { ...parseEnvFile(example), ...developmentEnv };
    expect(parseEnv(copied)).toEqual(parseEnv(developmentEnv));
  });
});

describe(".gitignore", () => {
  const ignored = readFileSync(new URL(".gitignore", root), "utf8").split("\n");

  it.each([".env", ".env.*", "!.env.example", "secrets/", "SECURITY_INTERNAL.md", "node_modules", ".data"])(
    "has the line %s",
    (line) => expect(ignored).toContain(line),
  );

  it("takes .env.example back after ignoring .env.*", () => {
    expect(ignored.indexOf("!.env.example")).toBeGreaterThan(ignored.indexOf(".env.*"));
  });
});
