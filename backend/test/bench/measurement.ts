/** What one measurement of one round found. */
export interface Sample {
  /** In the unit of the measurement, per second where it is a rate. */
  readonly rate: number;
  readonly p99Ms?: number;
  /** The server's CPU time for one request. */
  readonly cpuMicroseconds?: number;
  /** 99th percentile in the server. */
  readonly loopDelayMs?: number;
  /** What else is worth knowing, in words. */
  readonly note?: string;
}

/** At least this share of the limit; at most so many times of it; at most so many milliseconds; or at most so much in all. */
export type Aim =
  | { readonly share: number }
  | { readonly times: number }
  | { readonly p99Ms: number }
  | { readonly atMost: number };

export interface Measurement {
  readonly group: string;
  readonly name: string;
  readonly unit: "req/s" | "MB/s" | "MB" | "ms";
  /** Name of the measurement that shows what is possible at all. */
  readonly limit?: string;
  readonly aim?: Aim;
  run(seconds: number): Promise<Sample>;
}

/** Those that the filters name, and the limits they are compared with. */
export function selected(all: readonly Measurement[], filters: readonly string[]): readonly Measurement[] {
  if (filters.length === 0) return all;
  const isNamed = ({ group, name }: Measurement) =>
    filters.some((filter) => `${group} ${name}`.toLowerCase().includes(filter.toLowerCase()));
  const named = all.filter(isNamed);
  const limits = new Set(named.map(({ limit }) => limit));
  const chosen = all.filter((one) => named.includes(one) || limits.has(one.name));
  if (chosen.length > 0) return chosen;
  throw new Error(`Nothing is called that. There are: ${[...new Set(all.map((m) => m.group))].join(", ")}`);
}
