import { readdirSync } from "node:fs";
import { read } from "./repository.ts";

/** Every document that people read, by its path in the repository. */
export const documents = [
  "README.md",
  "SECURITY.md",
  ...readdirSync(new URL("../../../docs", import.meta.url), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path}`),
].toSorted();

const withoutFences = (text: string): string => text.replaceAll(/^( *)```(?:.|\n)*?^\1```$/gm, "");

/** Targets of all links, in order. */
export const linksIn = (path: string): readonly string[] =>
  [...withoutFences(read(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);

/** What may come after `#`: headings as GitHub writes them. */
export const anchorsOf = (path: string): ReadonlySet<string> =>
  new Set(
    [...withoutFences(read(path)).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );

/** Code between marks and in fences, line by line. */
export const codeIn = (path: string): readonly string[] => {
  const text = read(path);
  const fences = [...text.matchAll(/^( *)```\w*\n((?:.|\n)*?)^\1```$/gm)].flatMap(([, , code = ""]) =>
    code.split("\n"),
  );
  return [...fences, ...[...withoutFences(text).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code)];
};
