import { ilike, or, type SQL, sql } from "drizzle-orm";
import { user } from "./schema/index.ts";

/** A database in locale C knows the case of ASCII letters only; ICU's root collation knows every script's. */
const anyCase = (column: typeof user.name): SQL => sql`${column} collate "und-x-icu"`;

const like = (part: string): string => `%${part.replace(/[\\%_]/g, "\\$&")}%`;

/** Whether a person's name or address contains this text, in any case; wildcards are letters. */
export const personMatches = (q: string): SQL | undefined =>
  or(ilike(anyCase(user.name), like(q)), ilike(user.email, like(q)));
