import { freshSecret as secret } from "./rotation.ts";

/** Fresh values, as lines of `NAME=value` for an environment file. Keys of a store and of a mail account are made there, not here. */
export function generateSecrets(): string[] {
  return [
    `BETTER_AUTH_SECRETS=1:${secret()}`,
    `DATA_KEYS=1:${secret()}`,
    `DATABASE_PASSWORD=${secret()}`,
    `DATABASE_OWNER_PASSWORD=${secret()}`,
    `REDIS_PASSWORD=${secret()}`,
    `CLIENT_API_KEY=${["web", "ios", "android"].map((name) => `${name}:${secret()}`).join(",")}`,
    `STORAGE_SIGNING_KEY=${secret()}`,
    `METRICS_TOKEN=${secret()}`,
  ];
}
