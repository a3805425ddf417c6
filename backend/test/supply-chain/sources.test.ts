import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const list = ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"];
const files = execFileSync("git", list, { cwd: root, encoding: "utf8" })
  .trim()
  .split("\n")
  // What was deleted and is not committed yet is still listed.
  .filter((path) => existsSync(`${root}/${path}`));
const textOf = (path: string): string => readFileSync(`${root}/${path}`, "utf8");

/** Forms that nothing but a credential has. Written in pieces, so that this file has none of them. */
const credentials = {
  "private key": /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}/,
  "AWS key": /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/,
  "GitHub token": /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{50})/,
  "Slack token": /\bxox[abprs]-[\w-]{10}/,
  "Stripe key": /\b[rs]k_live_\w{16}/,
  "age identity": /\bAGE-SECRET-KEY-1[0-9A-Z]{50}/,
  "npm token": /\bnpm_[A-Za-z0-9]{36}\b/,
  JWT: /\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}/,
};

describe("v5.0.0-13.3.1 what git knows", () => {
  it("is more than a hundred files, and no file for an environment but the example", () => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((path) => /(^|\/)\.env(\.|$)/.test(path))).toEqual([".env.example"]);
    expect(
      files.filter((path) => /(^|\/)(secrets\/|SECURITY_INTERNAL\.md|.*\.(pem|p12|pfx)$)/.test(path)),
    ).toEqual([]);
  });

  it.each(Object.entries(credentials))("holds nothing of the form of a %s", (_, form) => {
    expect(files.filter((path) => form.test(textOf(path)))).toEqual([]);
  });

  it("would be found out", () => {
    expect(`AKI${"A".repeat(17)}`).toMatch(credentials["AWS key"]);
    expect(`gh${"p_"}${"a1".repeat(18)}`).toMatch(credentials["GitHub token"]);
    expect(`AGE-SECRET-KEY-${"1".repeat(51)}`).toMatch(credentials["age identity"]);
  });
});

describe("v5.0.0-1.2.4 SQL in the sources", () => {
  const sources = files.filter((path) => /^backend\/src\/.*\.ts$/.test(path));

  it("is made of text in the restore alone, which quotes names of its own tables", () => {
    const raw = sources.filter((path) => /\bsql\.raw\(|\.unsafe\(/.test(textOf(path)));
    expect(raw).toEqual(["backend/src/backup/load.ts"]);
    const calls = [...textOf("backend/src/backup/load.ts").matchAll(/sql\.raw\(\s*`([^`]*)`/g)];
    expect(calls.length).toBeGreaterThan(0);
    for (const [, text = ""] of calls)
      expect(text.replaceAll(/\$\{quoted\(table\)\}/g, "")).not.toContain("$");
  });
});

describe("v5.0.0-1.5.2 code in the sources", () => {
  it("is never made of text, and no shell is asked", () => {
    const made = /\beval\(|new Function\(|\bvm\.|\bexecSync\(|shell: true|v8\.deserialize/;
    const sources = files.filter((path) => /^backend\/src\/.*\.ts$/.test(path));
    expect(sources.filter((path) => made.test(textOf(path)))).toEqual([]);
  });
});
