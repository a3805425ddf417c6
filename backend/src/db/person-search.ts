import { or, type SQL, sql } from "drizzle-orm";
import { anyCase } from "./schema/any-case.ts";
import { user } from "./schema/index.ts";

const like = (part: string): string => `%${part.replace(/[\\%_]/g, "\\$&")}%`;

/**
 * Whether a person's name or address contains this text, in any case; wildcards are letters. Written as
 * `user_search_idx` is, which finds it from three letters on.
 */
export function personMatches(q: string): SQL | undefined {
  const pattern = sql`${like(q)}::text`;
  // Addresses are in lower case, and compared as the database compares: another collation would find no index.
  return or(sql`${anyCase(user.name)} like ${anyCase(pattern)}`, sql`${user.email} like lower(${pattern})`);
}
