import { readFileSync } from "node:fs";

export const columns = [
  "anonymous",
  "client",
  "coach",
  "manager",
  "org_admin",
  "platform_admin",
  "other",
  "suspended",
] as const;
export type Column = (typeof columns)[number];

export interface Row {
  readonly operation: string;
  /** Kind of target, where an operation has several. */
  readonly on: string;
  readonly key: string;
  readonly expected: Readonly<Record<Column, number>>;
}

/** The rows of table.md; a cell that is no status is an error. */
export function readTable(): readonly Row[] {
  const lines = readFileSync(new URL("./table.md", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const [heads = [], , ...rows] = lines;
  if (heads.join() !== ["operation", "on", ...columns].join()) throw new Error(`Columns: ${heads.join()}`);
  return rows.map(([operation = "", on = "", ...cells]) => {
    const key = on === "" ? operation : `${operation}: ${on}`;
    const expected = Object.fromEntries(columns.map((column, i) => [column, status(cells[i], key)]));
    return { operation, on, key, expected: expected as Record<Column, number> };
  });
}

function status(cell: string | undefined, key: string): number {
  if (!/^[1-5]\d\d$/.test(cell ?? "")) throw new Error(`${key}: "${cell}" is no status`);
  return Number(cell);
}
