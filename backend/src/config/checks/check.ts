import type { Name, Settings } from "../variables.ts";

/** One thing that must hold between or about settings that are well-formed by themselves. */
export interface Check {
  /** What holds when it passes, as a line of `preflight`. */
  readonly name: string;
  /** The first one is to blame. A fault in any of them is reported instead of this. */
  readonly reads: readonly [Name, ...Name[]];
  /** What is wrong, as a clause after the blamed variable and without any value; undefined when it holds. */
  readonly problem: (settings: Settings) => string | undefined;
  readonly fix: string;
}

type Narrowed<N extends Name> = Omit<Check, "reads" | "problem"> & {
  readonly reads: readonly [N, ...N[]];
  readonly problem: (settings: Pick<Settings, N>) => string | undefined;
};

/** A check that cannot look at a variable it does not list. */
export const check = <N extends Name>(it: Narrowed<N>): Check => it;

/** The clause, when the condition says that something is wrong. */
export const when = (wrong: boolean, problem: string): string | undefined => (wrong ? problem : undefined);
