/** One thing that is wrong with the environment. Names the variable and never its value. */
export interface ConfigProblem {
  readonly variable: string;
  /** What is wrong, as a clause: "is missing". */
  readonly problem: string;
  /** What to do about it, as a sentence without its full stop. */
  readonly fix: string;
}

/** One line for a log or a terminal. */
export const formatProblem = ({ variable, problem, fix }: ConfigProblem): string =>
  `${variable} ${problem}: ${fix}`;

/** The environment cannot be used. Carries every problem, so that an operator fixes them in one round. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(`the configuration cannot be used\n${problems.map(formatProblem).join("\n")}`);
    this.problems = problems;
  }

  /** One line for each problem. */
  override toString(): string {
    return this.problems.map(formatProblem).join("\n");
  }
}
