import { readFileSync } from "node:fs";

const repository = new URL("../../../", import.meta.url);

/** The text of a file, by its path in the repository. */
export const read = (path: string): string => readFileSync(new URL(path, repository), "utf8");

/** Cells of the only table below a heading, without its first two lines; code marks around a whole cell are taken off. */
export function tableBelow(markdown: string, heading: string): readonly (readonly string[])[] {
  const lines = markdown.split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, "") === heading);
  const end = lines.findIndex((line, i) => i > start && /^#+ /.test(line));
  const rows = lines.slice(start + 1, end < 0 ? undefined : end).filter((line) => line.startsWith("|"));
  if (start < 0 || rows.length < 3) throw new Error(`No table below "${heading}"`);
  return rows.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`([^`]*)`$/, "$1")),
  );
}
