import { parseArgs } from "node:util";

export interface Options {
  /** Keeps the measurements of which the group or the name contains one of these; all of them without any. */
  readonly filters: readonly string[];
  /** Where the results go as JSON, besides the table. */
  readonly jsonFile: string | undefined;
  /** How long one measurement of one round takes. */
  readonly seconds: number;
}

const usage = "Usage: pnpm bench [name…] [--json file] [--seconds n]";

/** @throws Error with the usage */
export function parseOptions(args: readonly string[]): Options {
  // pnpm hands on the `--` of `pnpm bench -- files`.
  const own = args[0] === "--" ? args.slice(1) : args;
  const { values, positionals } = parseArgs({
    args: [...own],
    allowPositionals: true,
    options: { json: { type: "string" }, seconds: { type: "string", default: "2" } },
  });
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw new Error(`--seconds must be a number above 0\n${usage}`);
  return { filters: positionals, jsonFile: values.json, seconds };
}
