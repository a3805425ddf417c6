import type { ConfigProblem } from "./config-error.ts";
import type { Environment } from "./variable.ts";
import { type Name, variableList } from "./variables.ts";

export type ReadFile = (path: string) => string;

export interface Values {
  /** The text of every variable that is set. An empty one counts as not set: that is how Compose passes on a missing one. */
  readonly texts: Readonly<Partial<Record<Name, string>>>;
  /** What could not be read. */
  readonly faults: ReadonlyMap<Name, ConfigProblem>;
}

const FINAL_LINE_END = /\r?\n$/;

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^E[A-Z]+$/.test(code) ? ` (${code})` : "";
}

/** Text of one secret file, or the problem with it. The path is not repeated: it may be a secret put into the wrong variable. */
function secretFrom(path: string, read: ReadFile): { text: string } | { problem: string; fix: string } {
  let content: string;
  try {
    content = read(path);
  } catch (error) {
    return {
      problem: `names a file that cannot be read${codeOf(error)}`,
      fix: "name an existing file that this user may read",
    };
  }
  const text = content.replace(FINAL_LINE_END, "");
  return text === "" ? { problem: "names an empty file", fix: "write the secret into the file" } : { text };
}

/** Collects what is set, secrets also from the files that `NAME_FILE` names (one line end at the end is dropped). */
export function readValues(source: Environment, read: ReadFile): Values {
  const texts: Partial<Record<Name, string>> = {};
  const faults = new Map<Name, ConfigProblem>();
  for (const [name, { secret }] of variableList) {
    const direct = source[name] || undefined;
    const file = (secret && source[`${name}_FILE`]) || undefined;
    if (direct !== undefined && file !== undefined) {
      const problem = `is set, and so is ${name}_FILE`;
      faults.set(name, { variable: name, problem, fix: "remove one of the two" });
    } else if (file !== undefined) {
      const found = secretFrom(file, read);
      if ("text" in found) texts[name] = found.text;
      else faults.set(name, { variable: `${name}_FILE`, ...found });
    } else if (direct !== undefined) {
      texts[name] = direct;
    }
  }
  return { texts, faults };
}
