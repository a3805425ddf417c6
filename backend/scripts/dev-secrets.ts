import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const names = [
  "superuserPassword",
  "ownerPassword",
  "appPassword",
  "authSecret",
  "storageSigningKey",
  "dataKey",
] as const;

/** Each 32 random bytes in hexadecimal, which needs no escaping anywhere. */
export type DevelopmentSecrets = Readonly<Record<(typeof names)[number], string>>;

/** The secrets of this checkout, made at its first start and kept in a file that only its owner can read. */
export function developmentSecrets(dataFolder: string): DevelopmentSecrets {
  const file = join(dataFolder, "secrets.json");
  const known = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as Partial<DevelopmentSecrets>)
    : {};
  if (names.every((name) => name in known)) return known as DevelopmentSecrets;
  // A checkout from before one of them existed keeps the others.
  const secrets = Object.fromEntries(
    names.map((name) => [name, known[name] ?? randomBytes(32).toString("hex")]),
  );
  writeFileSync(`${file}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return secrets as DevelopmentSecrets;
}
