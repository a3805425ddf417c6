import { isId } from "./ids.ts";

/** Path parameters that open something by themselves: they are written nowhere. */
export const isSecretParam = (name: string): boolean => name === "token";

/**
 * A path as it may be written into logs, answers and tables: what follows `/invitations/` and is no id is the secret
 * of a mail, also where the rest of the path is mistyped and leads nowhere.
 */
export const withoutSecrets = (path: string): string =>
  path.replace(/(\/invitations\/+)([^/]+)/gi, (whole, before: string, segment: string) =>
    segment === "bulk" || isId(segment) ? whole : `${before}{token}`,
  );
