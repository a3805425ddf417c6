import type { Verdict } from "./verdict.ts";

const heads = ["", "rate", "p99", "CPU each", "loop p99", "of its limit", "aim", ""];

const number = (value: number): string =>
  value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 });
const or = (value: number | null, text: (value: number) => string): string =>
  value === null ? "" : text(value);

function cells(verdict: Verdict): string[] {
  const { share, limit, met } = verdict;
  return [
    verdict.name,
    `${number(verdict.rate)} ${verdict.unit}`,
    or(verdict.p99Ms, (ms) => `${number(ms)} ms`),
    or(verdict.cpuMicroseconds, (us) => (us < 1000 ? `${number(us)} µs` : `${number(us / 1000)} ms`)),
    or(verdict.loopDelayMs, (ms) => `${number(ms)} ms`),
    share === null ? (verdict.note ?? "") : `${Math.round(share * 100)} % of ${limit}`,
    verdict.aim ?? "",
    met === null ? "" : met ? "met" : "NOT met",
  ];
}

/** Lines of text in columns; numbers to the right. */
export function table(verdicts: readonly Verdict[]): string {
  const rows = [heads, ...verdicts.map(cells)];
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isNumber = (column: number) => column >= 1 && column <= 4;
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (isNumber(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}
