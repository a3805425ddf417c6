export interface ErrorStats {
  readonly since: string;
  readonly total: number;
  readonly byClass: Readonly<Record<"4xx" | "5xx", number>>;
  readonly byCode: Readonly<Record<string, number>>;
}

/** How many requests failed, and how, since this instance started. Counts only: no message, no path. */
export interface ErrorCounter {
  count(status: number, code: string): void;
  stats(): ErrorStats;
}

export function createErrorCounter(): ErrorCounter {
  const since = new Date().toISOString();
  const byClass = { "4xx": 0, "5xx": 0 };
  const byCode = new Map<string, number>();
  return {
    count(status, code) {
      byClass[status < 500 ? "4xx" : "5xx"] += 1;
      byCode.set(code, (byCode.get(code) ?? 0) + 1);
    },
    stats: () => ({
      since,
      total: byClass["4xx"] + byClass["5xx"],
      byClass: { ...byClass },
      byCode: Object.fromEntries(byCode),
    }),
  };
}
