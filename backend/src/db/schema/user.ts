import { sql } from "drizzle-orm";
import { boolean, check, index, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { anyCase } from "./any-case.ts";
import { at, createdAt, id, updatedAt, version } from "./columns.ts";

/** A person. Better-auth writes name, email, emailVerified, image and twoFactorEnabled; the rest is ours alone. */
export const user = pgTable(
  "user",
  {
    id: id(),
    name: text("name").notNull(),
    /** Lower case; unique as such. */
    email: text("email").notNull().unique(),
    emailVerified: boolean("email_verified").notNull().default(false),
    image: text("image"),
    twoFactorEnabled: boolean("two_factor_enabled").notNull().default(false),
    globalRole: text("global_role", { enum: ["platform_admin"] }),
    timeZone: text("time_zone").notNull().default("UTC"),
    locale: text("locale").notNull().default("en"),
    /** Foreign key in SQL only: `file` refers back to `user`. */
    avatarFileId: uuid("avatar_file_id"),
    /** Set while the person is shut out of everything. */
    bannedAt: at("banned_at"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    version: version(),
  },
  (t) => [
    /** For `q`: both columns in one, so that "or" is one look into it. */
    index("user_search_idx").using("gin", sql`${anyCase(t.name)} gin_trgm_ops`, sql`${t.email} gin_trgm_ops`),
    check("user_global_role", sql`${t.globalRole} = 'platform_admin'`),
    check("user_email_lower", sql`${t.email} = lower(${t.email})`),
    check("user_name_length", sql`char_length(${t.name}) between 1 and 100`),
  ],
);
