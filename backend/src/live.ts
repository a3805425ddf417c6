import { isDeepStrictEqual } from "node:util";
import type { Config } from "./config/config.ts";

/** The configuration of a process whose secrets may change while it runs; nothing else in it ever does. */
export interface LiveConfig {
  readonly current: Config;
  /** Whether secrets come from files, and whether the newest files are in use. */
  readonly state: "off" | "ok" | "refused";
  /** Told once `current` is another; everybody in the same tick, so that parts never disagree. */
  onChange(listener: (now: Config) => void): void;
  /** Looks for changes at once. Resolves when what was found is in use, or was refused. */
  refresh(): Promise<void>;
}

/** For commands and tests: nothing changes. */
export const fixedConfig = (config: Config): LiveConfig => ({
  current: config,
  state: "off",
  onChange() {},
  async refresh() {},
});

/**
 * The newest of the things that `make` makes of a part of the configuration: one now, and another whenever that part
 * changed. Reading it costs a function call.
 *
 * @param retire is given what was replaced, once nobody is handed it any more
 */
export function renewed<P, T>(
  live: LiveConfig,
  partOf: (config: Config) => P,
  make: (part: P) => T,
  retire: (old: T) => void = () => {},
): () => T {
  let part = partOf(live.current);
  let newest = make(part);
  live.onChange((now) => {
    const next = partOf(now);
    if (isDeepStrictEqual(next, part)) return;
    const old = newest;
    newest = make(next);
    part = next;
    retire(old);
  });
  return () => newest;
}
