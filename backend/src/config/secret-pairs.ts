import type { Name } from "./variables.ts";

/** Names of a key and what proves it. A new key has a new secret; the same key may be given another. */
const pairs = [
  ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"],
  ["S3_UPLOAD_ACCESS_KEY_ID", "S3_UPLOAD_SECRET_ACCESS_KEY"],
] as const satisfies readonly (readonly [Name, Name])[];

type Texts = Readonly<Partial<Record<Name, string>>>;

/** What is wrong with a change that has come half-way: two files are written one after the other, by a person even. */
export const halves = (before: Texts, now: Texts): string[] =>
  pairs
    .filter(([id, secret]) => before[id] !== now[id] && before[secret] === now[secret])
    .map(([id, secret]) => `${id} is another, and ${secret} is still the one from before`);
