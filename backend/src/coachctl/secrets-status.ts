import { statSync } from "node:fs";
import { fingerprint } from "../config/fingerprint.ts";
import { readTextFile } from "../config/parse-env.ts";
import { readValues } from "../config/read-values.ts";
import { clientKeys, generatedSecrets, keyRing } from "../config/values/secret.ts";
import type { Environment } from "../config/variable.ts";
import { type Name, secretNames } from "../config/variables.ts";
import { type Command, readFlags } from "./command.ts";

const DAY_MS = 86_400_000;

/** What else is good besides the current one. Names and numbers only. */
function contentsOf(name: Name, text: string): string[] {
  if (name === "BETTER_AUTH_SECRETS" || name === "DATA_KEYS") {
    const versions = keyRing.safeParse(text).data?.map(({ version }) => version);
    return [versions ? `versions ${versions.join(", ")}` : "not valid"];
  }
  if (name === "CLIENT_API_KEY") {
    const keys = clientKeys.safeParse(text).data?.map((key) => key.name);
    return [keys ? `keys ${keys.join(", ")}` : "not valid"];
  }
  if (name === "METRICS_TOKEN" || name === "STORAGE_SIGNING_KEY") {
    const count = generatedSecrets.safeParse(text).data?.length;
    return [count ? `${count} good` : "not valid"];
  }
  return [];
}

function originOf(environment: Environment, name: Name): string {
  const path = environment[`${name}_FILE`];
  if (!path) return "environment, changes need a restart";
  return `file, ${Math.floor((Date.now() - statSync(path).mtimeMs) / DAY_MS)} days old`;
}

export const status: Command = {
  name: "secrets status",
  usage: "secrets status",
  summary: "Where each secret comes from, how old its file is, and a fingerprint to compare with the log",
  async run(terminal) {
    readFlags(terminal, {});
    const { environment } = terminal;
    const { texts, faults } = readValues(environment, readTextFile);
    for (const name of secretNames) {
      const text = texts[name];
      const fault = faults.get(name);
      if (fault) terminal.print(`${name}: ${fault.problem}`);
      else if (text !== undefined)
        terminal.print(
          `${name}: ${[originOf(environment, name), await fingerprint(name, text), ...contentsOf(name, text)].join("; ")}`,
        );
    }
    return faults.size === 0 ? 0 : 1;
  },
};
