import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import root from "../../../package.json" with { type: "json" };
import { codeIn, documents } from "./documents.ts";
import { read } from "./repository.ts";

const repository = new URL("../../../", import.meta.url);
const program = fileURLToPath(new URL("../../src/coachctl.ts", import.meta.url));
const help = execFileSync(process.execPath, [program, "--help"], { encoding: "utf8" });
/** As `coachctl --help` lists them, with their flags. */
const commands = [...help.matchAll(/^ {2}(\w[\w ]*?) {2,}\S.*\n +(.+)$/gm)].map(
  ([, name = "", usage = ""]) => ({
    name,
    flags: [...usage.matchAll(/--[a-z-]+/g)].map(([flag]) => flag),
  }),
);
/** Of pnpm itself. */
const builtIn = ["install", "add", "update", "audit", "licenses", "sbom", "exec", "run", "--filter", "-r"];
const code = documents.flatMap((path) => codeIn(path).map((line) => ({ path, line })));

/** What follows a word in all code, with the document it stands in. */
const uses = (word: RegExp) =>
  code.flatMap(({ path, line }) =>
    [...line.matchAll(word)].map(([, rest = ""]) => ({ path, rest: rest.replace(/\s+#.*$/, "").trim() })),
  );

describe("commands named in the documents", () => {
  it("coachctl knows each, and each flag", () => {
    expect(commands.length).toBeGreaterThanOrEqual(11);
    const named = uses(/coachctl(?:\.mjs)? ((?!stands)[a-z][^`|;&)]*)/g);
    expect(named.length).toBeGreaterThan(20);
    const unknown = named.filter(({ rest }) => {
      const known = commands.find(({ name }) => `${rest} `.startsWith(`${name} `));
      const flags = rest.match(/--[a-z-]+/g) ?? [];
      return !known || flags.some((flag) => !known.flags.includes(flag));
    });
    expect(unknown).toEqual([]);
  });

  it("pnpm has each as a script, or of its own", () => {
    const named = uses(/\bpnpm(?:@[\d.]+)? ([a-z-][^`|;&)]*)/g);
    expect(named.length).toBeGreaterThan(20);
    const known = new Set([...Object.keys(root.scripts), ...builtIn]);
    expect(named.filter(({ rest }) => !known.has(rest.split(" ")[0] ?? ""))).toEqual([]);
  });

  it("paths of tests and scripts are there", () => {
    const named = code.flatMap(({ path, line }) =>
      [...line.matchAll(/(?:^|[\s(])((?:backend\/|\.ci\/|docker\/|drizzle\/|test\/|src\/)[\w.*/-]+)/g)].map(
        ([, file = ""]) => ({ path, file: file.replace(/[.]$/, "") }),
      ),
    );
    expect(named.length).toBeGreaterThan(50);
    const missing = named
      // The recipe's files are to be written by its reader; a build makes dist.
      .filter(({ path, file }) => path !== "docs/recipes/add-a-feature.md" && !/\*|\/dist\b/.test(file))
      .filter(({ file }) => ![file, `backend/${file}`].some((at) => existsSync(new URL(at, repository))));
    expect(missing).toEqual([]);
  });

  it("settings are in .env.example, or in a file for Compose", () => {
    const places = [
      ".env.example",
      ...readdirSync(repository).filter((name) => /^docker-compose.*\.yml$/.test(name)),
    ];
    const known = places.map(read).join("\n");
    const named = code.flatMap(({ path, line }) => {
      const [, name] = /^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=.*)?$/.exec(line) ?? [];
      return name ? [{ path, name }] : [];
    });
    expect(named.length).toBeGreaterThan(50);
    const foreign = new Set(["MINIO_API_CORS_ALLOW_ORIGIN", "NAME_FILE"]);
    // Elsewhere such words are codes of errors, too.
    const forOperators = /^(README|SECURITY|docs\/(operations|deploy|getting-started|security|dependencies))/;
    const unknown = named
      .filter(({ path, name }) => forOperators.test(path) && !foreign.has(name))
      .filter(({ name }) => !new RegExp(`\\b${name.replace(/_FILE$/, "")}\\b`).test(known));
    expect(unknown).toEqual([]);
  });
});
