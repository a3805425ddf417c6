/** Prints a fresh value of every secret that is ours to make, ready for an environment file. */
import { randomBytes } from "node:crypto";

const secret = (): string => randomBytes(48).toString("base64url");

/** Lines of `NAME=value`. Keys of a store and of a mail account are made there, not here. */
export function generateSecrets(): string[] {
  return [
    `BETTER_AUTH_SECRETS=1:${secret()}`,
    `DATABASE_PASSWORD=${secret()}`,
    `DATABASE_OWNER_PASSWORD=${secret()}`,
    `CLIENT_API_KEY=${["web", "ios", "android"].map((name) => `${name}:${secret()}`).join(",")}`,
    `STORAGE_SIGNING_KEY=${secret()}`,
    `METRICS_TOKEN=${secret()}`,
  ];
}

if (import.meta.main) process.stdout.write(`${generateSecrets().join("\n")}\n`);
