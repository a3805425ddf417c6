import { sql } from "drizzle-orm";
import { check, index, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { at, createdAt, id, updatedAt, version } from "./columns.ts";
import { user } from "./user.ts";

/** A tenant. */
export const organization = pgTable(
  "organization",
  {
    id: id(),
    name: text("name").notNull(),
    slug: text("slug").notNull().unique(),
    /** Foreign key in SQL only, composite with `id`: the database itself refuses another tenant's file. */
    logoFileId: uuid("logo_file_id"),
    suspendedAt: at("suspended_at"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    version: version(),
  },
  (t) => [
    check("organization_name_length", sql`char_length(${t.name}) between 1 and 100`),
    check("organization_slug_form", sql`${t.slug} ~ '^[a-z0-9-]{1,50}$'`),
  ],
);

/** A person's one role in one organization. */
export const member = pgTable(
  "member",
  {
    id: id(),
    organizationId: uuid("organization_id")
      .notNull()
      .references(() => organization.id, { onDelete: "cascade" }),
    userId: uuid("user_id")
      .notNull()
      .references(() => user.id, { onDelete: "cascade" }),
    role: text("role", { enum: ["org_admin", "manager", "coach", "client"] }).notNull(),
    status: text("status", { enum: ["active", "suspended", "removed"] })
      .notNull()
      .default("active"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    version: version(),
  },
  (t) => [
    unique("member_organization_user_unique").on(t.organizationId, t.userId),
    index("member_user_id_idx").on(t.userId),
    check("member_role", sql`${t.role} in ('org_admin','manager','coach','client')`),
    check("member_status", sql`${t.status} in ('active','suspended','removed')`),
  ],
);
