import { readFileSync } from "node:fs";
import type { Config } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { judge } from "./judge.ts";
import type { ReadFile } from "./read-values.ts";
import type { Environment, Mode } from "./variable.ts";

export const readTextFile: ReadFile = (path) => readFileSync(path, "utf8");

/** The mode that decides about defaults and demands. An unknown one is a problem of its own and gets the strictest. */
export function modeOf({ NODE_ENV: mode }: Environment): Mode {
  if (!mode) return "development";
  return mode === "development" || mode === "test" ? mode : "production";
}

/**
 * The configuration of this process.
 *
 * @param source the environment, such as `process.env`
 * @param read reads a secret file, which `NAME_FILE` names
 * @throws ConfigError with every problem at once; no value of a variable is ever part of it
 */
export function parseEnv(source: Environment, read: ReadFile = readTextFile): Config {
  const { faults, verdicts, config } = judge(source, read, modeOf(source));
  if (config) return config;
  throw new ConfigError([...faults.values(), ...verdicts.flatMap(({ problem }) => problem ?? [])]);
}
