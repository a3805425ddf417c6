import type { Sample } from "./measurement.ts";
import type { Result } from "./rounds.ts";

/** One line of the table, and of the JSON. Medians over the rounds. */
export interface Verdict {
  readonly group: string;
  readonly name: string;
  readonly unit: string;
  readonly rate: number;
  readonly p99Ms: number | null;
  readonly cpuMicroseconds: number | null;
  readonly loopDelayMs: number | null;
  readonly limit: string | null;
  /** Rate over the limit's rate of the same round. */
  readonly share: number | null;
  readonly aim: string | null;
  readonly met: boolean | null;
  /** Of the last round. */
  readonly note: string | null;
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

/** Compares each result with its limit and its aim. */
export function judge(results: readonly Result[]): readonly Verdict[] {
  return results.map(({ measurement, samples }) => {
    const { group, name, unit, limit, aim } = measurement;
    const of = (field: Exclude<keyof Sample, "note">) =>
      median(samples.flatMap((sample) => sample[field] ?? []));
    const limits = results.find((other) => other.measurement.name === limit)?.samples ?? [];
    const share = median(limits.flatMap(({ rate }, round) => (samples[round]?.rate ?? 0) / rate));
    // What grows is at its true size in the last round.
    const rate = aim && "atMost" in aim ? (samples.at(-1)?.rate ?? 0) : (of("rate") ?? 0);
    const p99Ms = of("p99Ms");
    let judged: Pick<Verdict, "aim" | "met"> = { aim: null, met: null };
    if (aim && "share" in aim)
      judged = { aim: `≥ ${Math.round(aim.share * 100)} %`, met: (share ?? 0) >= aim.share };
    if (aim && "times" in aim)
      judged = {
        aim: `≤ ${Math.round(aim.times * 100)} %`,
        met: (share ?? Number.POSITIVE_INFINITY) <= aim.times,
      };
    if (aim && "p99Ms" in aim)
      judged = { aim: `p99 ≤ ${aim.p99Ms} ms`, met: (p99Ms ?? Number.POSITIVE_INFINITY) <= aim.p99Ms };
    if (aim && "atMost" in aim) judged = { aim: `≤ ${aim.atMost} ${unit}`, met: rate <= aim.atMost };
    return {
      group,
      name,
      unit,
      rate,
      p99Ms,
      cpuMicroseconds: of("cpuMicroseconds"),
      loopDelayMs: of("loopDelayMs"),
      limit: limit ?? null,
      share,
      ...judged,
      note: samples.at(-1)?.note ?? null,
    };
  });
}
