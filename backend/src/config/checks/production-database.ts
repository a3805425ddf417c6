import { credentialsOf, withPassword } from "../values/database-url.ts";
import { isPlaceholder } from "../weak-secret.ts";
import { type Check, check, when } from "./check.ts";

/** Superusers of common servers and services, and the role that owns the schema. */
const TOO_MIGHTY =
  /^(postgres|root|admin|administrator|superuser|supabase_admin|rdsadmin|cloudsqladmin|azuresu|azure_superuser|doadmin|coaching_owner)$/i;

/** The password that a connection really uses. */
const passwordOf = (url: string, replacement: string | undefined): string =>
  credentialsOf(withPassword(url, replacement)).password;

const isSample = (url: string, replacement: string | undefined): boolean => {
  const password = passwordOf(url, replacement);
  return isPlaceholder(password) || password === "postgres" || password === credentialsOf(url).user;
};

const samplePassword = "has a sample password or one equal to its user";

export const productionDatabase: readonly Check[] = [
  check({
    name: "The database user is not a superuser or owner by name",
    reads: ["DATABASE_URL"],
    problem: (s) =>
      when(TOO_MIGHTY.test(credentialsOf(s.DATABASE_URL).user), "connects as a superuser or owner"),
    fix: "connect as coaching_app",
  }),
  check({
    name: "The database user is not the owner",
    reads: ["DATABASE_URL", "DATABASE_OWNER_URL"],
    problem: (s) =>
      when(
        s.DATABASE_OWNER_URL !== undefined &&
          credentialsOf(s.DATABASE_OWNER_URL).user === credentialsOf(s.DATABASE_URL).user,
        "connects as the user of DATABASE_OWNER_URL",
      ),
    fix: "connect as coaching_app, and as coaching_owner only for migrations",
  }),
  check({
    name: "The database password is not a sample",
    reads: ["DATABASE_URL", "DATABASE_PASSWORD"],
    problem: (s) => when(isSample(s.DATABASE_URL, s.DATABASE_PASSWORD), samplePassword),
    fix: "give the role a generated password",
  }),
  check({
    name: "The database owner's password is not a sample",
    reads: ["DATABASE_OWNER_URL", "DATABASE_OWNER_PASSWORD"],
    problem: (s) =>
      when(
        s.DATABASE_OWNER_URL !== undefined && isSample(s.DATABASE_OWNER_URL, s.DATABASE_OWNER_PASSWORD),
        samplePassword,
      ),
    fix: "give the role a generated password",
  }),
];
