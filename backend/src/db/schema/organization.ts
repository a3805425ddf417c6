import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, integer, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
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
    /** From then on it is gone for its members; 30 days later for good. */
    deletedAt: at("deleted_at"),
    /** Settings: plain columns, so that each has a type and a default. */
    clientsSeeDirectory: boolean("clients_see_directory").notNull().default(false),
    coachesInviteClients: boolean("coaches_invite_clients").notNull().default(false),
    /** Members of these roles may only enrol until they have a second factor. */
    twoFactorRoles: text("two_factor_roles", { enum: ["org_admin", "manager", "coach", "client"] })
      .array()
      .notNull()
      .default([]),
    settingsVersion: integer("settings_version").notNull().default(1),
    /** Bytes its files may take up; null is the installation's default. */
    storageQuota: bigint("storage_quota", { mode: "number" }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    version: version(),
  },
  (t) => [
    check("organization_name_length", sql`char_length(${t.name}) between 1 and 100`),
    check(
      "organization_two_factor_roles",
      sql`${t.twoFactorRoles} <@ array['org_admin','manager','coach','client']::text[]`,
    ),
    index("organization_deleted_at_idx").on(t.deletedAt),
    check("organization_storage_quota", sql`${t.storageQuota} >= 0`),
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
    index("member_list_idx").on(t.organizationId, t.id),
    index("member_role_list_idx").on(t.organizationId, t.role, t.id),
    check("member_role", sql`${t.role} in ('org_admin','manager','coach','client')`),
    check("member_status", sql`${t.status} in ('active','suspended','removed')`),
  ],
);
