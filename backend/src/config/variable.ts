import type { z } from "zod";
import type { Config } from "./config.ts";

export type Mode = Config["mode"];

/** What the process was started with: `process.env`, or an object of a test. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting: what `.env.example` says of it and what the parser does with it. */
export interface Variable<T> {
  /** What it does, on one line. */
  readonly about: string;
  /** Reads the text. Its issues complete "NAME …" without quoting the value; its description completes "set it to …". */
  readonly type: z.ZodType<T, string>;
  /** As one would write it. `test` follows `development` unless it says otherwise. */
  readonly default?:
    | string
    | { readonly development: string; readonly test?: string; readonly production?: string };
  /** In words, where the default follows from other variables. */
  readonly derived?: string;
  readonly required?: "always" | "production";
  /** Kept out of every message, and readable from the file that `NAME_FILE` names. */
  readonly secret?: true;
}

/** The default as text, or undefined when there is none in this mode. */
export function defaultOf(variable: Variable<unknown>, mode: Mode): string | undefined {
  const { default: value } = variable;
  if (typeof value !== "object") return value;
  if (mode === "test") return value.test ?? value.development;
  return value[mode];
}

export const isRequired = ({ required }: Variable<unknown>, mode: Mode): boolean =>
  required === "always" || (required === "production" && mode === "production");
