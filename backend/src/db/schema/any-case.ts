import { type SQL, type SQLWrapper, sql } from "drizzle-orm";

/** A database in locale C knows the case of ASCII letters only; ICU's root collation knows every script's. */
export const anyCase = (text: SQLWrapper): SQL => sql`lower(${text} collate "und-x-icu")`;
