import type { ConfigProblem } from "./config-error.ts";
import { type ReadFile, readValues } from "./read-values.ts";
import { defaultOf, type Environment, isRequired, type Mode, type Variable } from "./variable.ts";
import { type Name, type Settings, variableList } from "./variables.ts";

export interface ReadSettings {
  /** Lacks exactly the variables in `faults`. */
  readonly settings: Settings;
  /** Missing, unreadable and malformed variables. */
  readonly faults: ReadonlyMap<Name, ConfigProblem>;
}

function readOne(name: Name, { type }: Variable<unknown>, text: string): { value: unknown } | ConfigProblem {
  const result = type.safeParse(text);
  if (result.success) return { value: result.data };
  const problem = [...new Set(result.error.issues.map((issue) => issue.message))].join("; ");
  return { variable: name, problem, fix: `set it to ${type.description}` };
}

/** Reads each variable on its own, with the defaults and demands of `mode`. */
export function readSettings(source: Environment, read: ReadFile, mode: Mode): ReadSettings {
  const { texts, faults: unreadable } = readValues(source, read);
  const faults = new Map(unreadable);
  const settings: Partial<Record<Name, unknown>> = {};
  for (const [name, variable] of variableList) {
    if (faults.has(name)) continue;
    const text = texts[name] ?? defaultOf(variable, mode);
    if (text !== undefined) {
      const outcome = readOne(name, variable, text);
      if ("value" in outcome) settings[name] = outcome.value;
      else faults.set(name, outcome);
    } else if (isRequired(variable, mode)) {
      faults.set(name, {
        variable: name,
        problem: "is missing",
        fix: `set it to ${variable.type.description}`,
      });
    }
  }
  return { settings: settings as unknown as Settings, faults };
}
