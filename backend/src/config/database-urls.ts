import { ConfigError } from "./config-error.ts";
import { readTextFile } from "./parse-env.ts";
import { readSettings } from "./read-settings.ts";
import type { ReadFile } from "./read-values.ts";
import { withPassword } from "./values/database-url.ts";
import type { Environment } from "./variable.ts";

/**
 * Where the database is, for commands that need nothing else: a migration job holds no secret but its own.
 *
 * @throws ConfigError when a `DATABASE_…` variable is malformed or unreadable
 */
export function databaseUrls(
  source: Environment,
  read: ReadFile = readTextFile,
): { readonly url: string | undefined; readonly ownerUrl: string | undefined } {
  const { settings, faults } = readSettings(source, read, "development");
  const isGiven = (name: string) => Boolean(source[name] || source[`${name}_FILE`]);
  const ours = [...faults.values()].filter(
    ({ variable }) => variable.startsWith("DATABASE_") && isGiven(variable),
  );
  if (ours.length > 0) throw new ConfigError(ours);
  const { DATABASE_URL, DATABASE_PASSWORD, DATABASE_OWNER_URL, DATABASE_OWNER_PASSWORD } = settings;
  return {
    url: DATABASE_URL && withPassword(DATABASE_URL, DATABASE_PASSWORD),
    ownerUrl: DATABASE_OWNER_URL && withPassword(DATABASE_OWNER_URL, DATABASE_OWNER_PASSWORD),
  };
}
