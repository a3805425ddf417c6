import { setTimeout as pause } from "node:timers/promises";
import { fingerprint } from "../config/fingerprint.ts";
import { readTextFile } from "../config/parse-env.ts";
import { readValues } from "../config/read-values.ts";
import { type RotatableName, rotatable } from "../config/rotation.ts";
import { secretNames } from "../config/variables.ts";
import { type Command, readFlags, type Terminal } from "./command.ts";
import { changeDatabasePassword, cutConnections } from "./rotate-database.ts";
import { changeRedisPassword } from "./rotate-redis.ts";
import { type SecretFile, secretFile } from "./secret-file.ts";

const names = Object.keys(rotatable) as RotatableName[];

/** What is left to a person. */
const afterwards: Record<RotatableName, { readonly routine: string; readonly breach: string }> = {
  BETTER_AUTH_SECRETS: {
    routine:
      "Nobody is signed out. Before you take the old one out of the file, run: coachctl keys reencrypt",
    breach:
      "Every token is void. Now run: coachctl sessions revoke --all. Second factors of the old secret cannot be read any more: see docs/operations/secrets.md",
  },
  CLIENT_API_KEY: {
    routine:
      "Apps must ship with the new keys, which are in the file. The old ones are good until you move them to CLIENT_API_KEY_RETIRED",
    breach: "Apps in the field are refused until they ship with the new keys, which are in the file",
  },
  DATA_KEYS: {
    routine:
      "Once every server logged the change, run: coachctl keys reencrypt. Then you may take the old one out of the file",
    breach:
      "The old one still opens what it sealed. Once every server logged the change, run: coachctl keys reencrypt. Then take the old one out of the file: see docs/operations/secrets.md",
  },
  DATABASE_PASSWORD: {
    routine: "Connections from before are replaced as they are used",
    breach: "Every connection of the role was cut",
  },
  DATABASE_OWNER_PASSWORD: {
    routine: "Give it to whoever runs migrations",
    breach: "Every connection of the role was cut. Give the new one to whoever runs migrations",
  },
  METRICS_TOKEN: {
    routine: "Give the first one to the scraper. The old one is good until the next change",
    breach: "The scraper is refused until it has the new one",
  },
  REDIS_PASSWORD: {
    routine:
      "Redis takes nothing else any more. If it does not read the file at its start, as in Compose, write it where it does",
    breach:
      "Every connection was cut, and servers count limits alone until they have read the file. If Redis does not read it at its start, as in Compose, write it where it does",
  },
  STORAGE_SIGNING_KEY: {
    routine: "URLs of the old one are good until they expire",
    breach: "Every URL of a file that was handed out is void: clients ask for another",
  },
};

/** The first word after the command, and a terminal with the rest. */
function nameOf(terminal: Terminal): { name: RotatableName; rest: Terminal } {
  const [word = "", ...others] = terminal.arguments;
  const name = names.find((candidate) => candidate === word);
  if (!name)
    throw new Error(
      `Name one of ${names.join(", ")}. The others are made elsewhere: write them into their files`,
    );
  return { name, rest: { ...terminal, arguments: others } };
}

/** Who takes them says whether the file has the right one. */
const provenElsewhere: readonly RotatableName[] = [
  "DATABASE_PASSWORD",
  "DATABASE_OWNER_PASSWORD",
  "REDIS_PASSWORD",
];

/** A path that is mistyped leads to another secret, which a new one in its place would be the end of. */
function assertNoOther({ environment }: Terminal, name: RotatableName, text: string): void {
  if (provenElsewhere.includes(name)) return;
  const { texts } = readValues(environment, readTextFile);
  const other = secretNames.find((one) => one !== name && texts[one] === text);
  if (other) throw new Error(`The file that ${name}_FILE names holds ${other}, nothing is changed`);
}

/** A secret beside the file, which this cannot change. */
function leftOver({ environment }: Terminal, name: RotatableName): string | undefined {
  if (name !== "BETTER_AUTH_SECRETS") return undefined;
  if (!environment.BETTER_AUTH_SECRET && !environment.BETTER_AUTH_SECRET_FILE) return undefined;
  return "BETTER_AUTH_SECRET is set as well, and its tokens are good: remove it, restart every server, and run this again";
}

function secondsOf(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new Error("--wait takes seconds");
  return Number(text);
}

async function writeSteps(
  file: SecretFile,
  [first, ...steps]: readonly [string, ...string[]],
  settle: () => Promise<void>,
) {
  let written = first;
  for (const [i, text] of steps.entries()) {
    if (i > 0) await settle();
    file.replace(written, text);
    written = text;
  }
}

/** Servers read the files every two seconds, and take what holds still. */
const waitFor = async (seconds: number): Promise<void> => void (await pause(seconds * 1000));

/** @param settle passes the time that servers need, between two steps of a change */
export const rotateCommand = (settle: (seconds: number) => Promise<void>): Command => ({
  name: "secrets rotate",
  usage: "secrets rotate <name> [--breach] [--wait <seconds>]   (needs <name>_FILE, writable)",
  summary:
    "Make a new one and write it into its file, without a restart; --breach: the old one is void at once",
  async run(terminal) {
    const { name, rest } = nameOf(terminal);
    const { breach, wait } = readFlags(rest, {
      breach: { type: "boolean", default: false },
      wait: { type: "string", default: "10" },
    });
    const seconds = secondsOf(wait);
    const file = secretFile(terminal.environment, name);
    const old = file.read();
    assertNoOther(terminal, name, old);
    const steps = breach ? [rotatable[name].breach(old)] : rotatable[name].routine(old);
    const last = steps.at(-1) ?? "";
    const taken = () => settle(seconds);
    const change = { environment: terminal.environment, file, old, next: last };
    if (name === "REDIS_PASSWORD") await changeRedisPassword({ ...change, breach, settle: taken });
    else if (name === "DATABASE_PASSWORD" || name === "DATABASE_OWNER_PASSWORD") {
      await changeDatabasePassword({ ...change, name });
      if (breach) await cutConnections(terminal.environment, name, last);
    } else await writeSteps(file, [old, ...steps], taken);
    terminal.print(
      `${name} is changed: fingerprint ${await fingerprint(name, last)}, as each server's log says.`,
    );
    const left = breach ? leftOver(terminal, name) : undefined;
    terminal.print(`${left ?? afterwards[name][breach ? "breach" : "routine"]}.`);
    return left ? 1 : 0;
  },
});

export const rotate = rotateCommand(waitFor);
