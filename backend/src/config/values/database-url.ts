import { z } from "zod";

/** Read by hand, because a list of hosts (`a:5432,b:5432`), which the driver understands, is no URL. */
const PARTS = /^(postgres(?:ql)?:\/\/)([^:@/?#\s]+)(?::([^@/?#\s]*))?(@[^@/?#\s]+\/[^/?#\s]+(?:\?[^#\s]*)?)$/;

function partsOf(url: string) {
  const [, scheme = "", user = "", password = "", rest = ""] = PARTS.exec(url) ?? [];
  return { scheme, user, password, rest };
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

export const databaseUrl = z
  .string()
  .regex(PARTS, { error: "is not a PostgreSQL URL with a user, a host and a database", abort: true })
  .refine(
    (url) => decodes(partsOf(url).user) && decodes(partsOf(url).password),
    "is not percent-encoded correctly",
  )
  .describe(
    "postgres://user:password@host:5432/database, special characters of the password percent-encoded",
  );

/** User and password of a checked URL, decoded; the password is empty when there is none. */
export function credentialsOf(url: string): { readonly user: string; readonly password: string } {
  const { user, password } = partsOf(url);
  return { user: decodeURIComponent(user), password: decodeURIComponent(password) };
}

/** The checked URL with another password. */
export function withPassword(url: string, password: string | undefined): string {
  if (password === undefined) return url;
  const { scheme, user, rest } = partsOf(url);
  return `${scheme}${user}:${encodeURIComponent(password)}${rest}`;
}
