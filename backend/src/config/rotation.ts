import { randomBytes } from "node:crypto";
import type { z } from "zod";
import { clientKeys, generatedSecrets, keyRing, type NamedKey } from "./values/secret.ts";

export const freshSecret = (): string => randomBytes(48).toString("base64url");

/** What the file of a secret is to hold, one after the other: no process may meet what it cannot verify yet. */
export type Steps = readonly [string, ...string[]];

interface Rotatable {
  /** Everybody changes over, and nobody notices. */
  routine(current: string): Steps;
  /** Nothing of the old ones is to be trusted any more. */
  breach(current: string): string;
}

/** @throws Error that says what is wrong with the text, and nothing of the text itself */
function read<T>(type: z.ZodType<T, string>, text: string): T {
  const { data, error } = type.safeParse(text);
  if (error) throw new Error(`The file ${error.issues.map(({ message }) => message).join(", ")}`);
  return data;
}

const freshVersion = (current: string): string =>
  `${Math.max(...read(keyRing, current).map(({ version }) => version)) + 1}:${freshSecret()}`;

const ring: Rotatable = {
  routine(current) {
    const fresh = freshVersion(current);
    const old = read(keyRing, current).map(({ version, value }) => `${version}:${value}`);
    return [[...old, fresh].join(), [fresh, ...old].join()];
  },
  breach: freshVersion,
};

/** A key that leaked opens what it sealed for as long as that is there: moving it is what helps, not forgetting the key. */
const data: Rotatable = { ...ring, breach: (current) => ring.routine(current).at(-1) ?? "" };

/** The current one. A name or a version in front is another kind of secret, such as the key of the store. */
function currentOf(list: string): string {
  const [current = ""] = read(generatedSecrets, list);
  if (/^[\w-]+:/.test(current)) throw new Error("The file holds a name before the secret: it is of another");
  return current;
}

/** Of those from before only the last stays. */
const list: Rotatable = {
  routine(current) {
    const old = currentOf(current);
    const fresh = freshSecret();
    return [`${old},${fresh}`, `${fresh},${old}`];
  },
  breach(current) {
    currentOf(current);
    return freshSecret();
  },
};

const keysText = (keys: readonly NamedKey[]): string => keys.map(({ name, key }) => `${name}:${key}`).join();
const freshKeys = (current: string): NamedKey[] =>
  [...new Set(read(clientKeys, current).map(({ name }) => name))].map((name) => ({
    name,
    key: freshSecret(),
  }));

/** Keys in the field stay for as long as somebody may carry them: none is dropped without being asked. */
const named: Rotatable = {
  routine: (current) => [keysText([...freshKeys(current), ...read(clientKeys, current)])],
  breach: (current) => keysText(freshKeys(current)),
};

const single: Rotatable = { routine: () => [freshSecret()], breach: freshSecret };

/** Secrets that are ours to make. Those of a store and of a mail account are made there. */
export const rotatable = {
  BETTER_AUTH_SECRETS: ring,
  CLIENT_API_KEY: named,
  DATA_KEYS: data,
  DATABASE_OWNER_PASSWORD: single,
  DATABASE_PASSWORD: single,
  METRICS_TOKEN: list,
  REDIS_PASSWORD: single,
  STORAGE_SIGNING_KEY: list,
} satisfies Record<string, Rotatable>;

export type RotatableName = keyof typeof rotatable;
