import { assemble } from "./assemble.ts";
import type { Check } from "./checks/check.ts";
import { consistency } from "./checks/consistency.ts";
import { production } from "./checks/production.ts";
import type { Config } from "./config.ts";
import type { ConfigProblem } from "./config-error.ts";
import { readSettings } from "./read-settings.ts";
import type { ReadFile } from "./read-values.ts";
import type { Environment, Mode } from "./variable.ts";
import type { Name } from "./variables.ts";

export interface Verdict {
  readonly check: Check;
  readonly problem: ConfigProblem | undefined;
  /** Could not be told, because a variable that it reads is faulty. */
  readonly blocked: boolean;
}

export interface Judgement {
  readonly faults: ReadonlyMap<Name, ConfigProblem>;
  readonly verdicts: readonly Verdict[];
  /** Undefined as soon as there is one problem. */
  readonly config: Config | undefined;
}

/** Reads the environment and judges it as `mode` demands, without stopping at the first problem. */
export function judge(source: Environment, read: ReadFile, mode: Mode): Judgement {
  const { settings, faults } = readSettings(source, read, mode);
  const checks = mode === "production" ? [...consistency, ...production] : consistency;
  const verdicts = checks.map((check): Verdict => {
    if (check.reads.some((name) => faults.has(name))) return { check, problem: undefined, blocked: true };
    const problem = check.problem(settings);
    return {
      check,
      problem: problem ? { variable: check.reads[0], problem, fix: check.fix } : undefined,
      blocked: false,
    };
  });
  const isGood = faults.size === 0 && verdicts.every(({ problem }) => !problem);
  return { faults, verdicts, config: isGood ? assemble(settings) : undefined };
}
