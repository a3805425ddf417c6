import { assemble } from "./assemble.ts";
import type { Config } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { judge } from "./judge.ts";
import { modeOf, readTextFile } from "./parse-env.ts";
import { readSettings } from "./read-settings.ts";
import type { ReadFile } from "./read-values.ts";
import type { Environment } from "./variable.ts";
import type { Name } from "./variables.ts";

/**
 * The configuration of a command that needs no more than some variables, so that its process need not hold the other
 * secrets of a server. The rest of it has the defaults of development and means nothing.
 *
 * @throws ConfigError with every problem of the variables that are needed
 */
export function parsePart(
  needed: readonly Name[],
  source: Environment,
  read: ReadFile = readTextFile,
): Config {
  const part = Object.fromEntries(
    Object.entries(source).filter(([name]) =>
      (needed as readonly string[]).includes(name.replace(/_FILE$/, "")),
    ),
  );
  const { faults, verdicts } = judge(part, read, modeOf(source));
  const problems = [
    ...[...faults].flatMap(([name, fault]) => (needed.includes(name) ? fault : [])),
    ...verdicts.flatMap(({ check, problem }) =>
      problem && check.reads.every((name) => needed.includes(name)) ? problem : [],
    ),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return assemble(readSettings(part, read, "development").settings);
}
