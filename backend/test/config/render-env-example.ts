import type { Variable } from "../../src/config/variable.ts";
import { variableGroups } from "../../src/config/variables.ts";

const HEADER = `# Every setting. Copy to .env, which git ignores. An empty value counts as not set.
# Each secret can also be read from a file: set NAME_FILE to its path instead of NAME.
# Fresh secrets: coachctl secrets generate`;

function defaultText({ default: value, derived, required }: Variable<unknown>): string {
  const words: string[] = [];
  if (typeof value === "string") words.push(`Default: ${value}.`);
  else if (value !== undefined) {
    words.push(`Default: ${value.development}`);
    const others = (["test", "production"] as const).flatMap((mode) => {
      const text = value[mode];
      return text === undefined || text === value.development ? [] : [`${mode}: ${text}`];
    });
    words[0] += others.length > 0 ? ` (${others.join(", ")}).` : ".";
  } else if (derived) words.push(`Default: ${derived}.`);
  if (required === "always") words.push("Required.");
  if (required === "production") words.push("Required in production.");
  if (words.length === 0) words.push("Default: not set.");
  return words.join(" ");
}

function linesOf(name: string, variable: Variable<unknown>): string {
  const file = variable.secret ? ` Or ${name}_FILE.` : "";
  const value = typeof variable.default === "string" ? variable.default : "";
  // Readers of environment files disagree about quotes, so nothing that needs them is written.
  const plain = /^\S*$/.test(value) ? value : "";
  return `# ${variable.about}. ${defaultText(variable)}${file}\n${name}=${plain}`;
}

/** What `.env.example` has to say. */
export function renderEnvExample(): string {
  const groups = Object.entries(variableGroups).map(([title, group]) => {
    const entries = Object.entries(group) as [string, Variable<unknown>][];
    return [`# --- ${title} ---`, ...entries.map(([name, variable]) => linesOf(name, variable))].join("\n");
  });
  return `${[HEADER, ...groups].join("\n\n")}\n`;
}
