import { ConfigError, type ConfigProblem } from "../../src/config/config-error.ts";
import { parseEnv } from "../../src/config/parse-env.ts";
import type { ReadFile } from "../../src/config/read-values.ts";
import type { Environment } from "../../src/config/variable.ts";

const noFiles: ReadFile = () => {
  throw new Error("no file was to be read");
};

/** What `parseEnv` says against an environment; empty when nothing. */
export function problemsOf(source: Environment, read: ReadFile = noFiles): readonly ConfigProblem[] {
  try {
    parseEnv(source, read);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
