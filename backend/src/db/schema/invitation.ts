import { sql } from "drizzle-orm";
import { check, index, pgTable, text, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { at, createdAt, id, updatedAt, version } from "./columns.ts";
import { organization } from "./organization.ts";
import { user } from "./user.ts";

/** An offer of one role to one e-mail address. Expiry is a matter of `expiresAt`; every other state is written. */
export const invitation = pgTable(
  "invitation",
  {
    id: id(),
    organizationId: uuid("organization_id")
      .notNull()
      .references(() => organization.id, { onDelete: "cascade" }),
    /** Normalised like `user.email`. */
    email: text("email").notNull(),
    role: text("role", { enum: ["org_admin", "manager", "coach", "client"] }).notNull(),
    status: text("status", { enum: ["pending", "accepted", "declined", "revoked"] })
      .notNull()
      .default("pending"),
    /** SHA-256 of the 32 random bytes in the mail, hex: the table alone opens nothing. */
    tokenHash: text("token_hash").notNull().unique(),
    expiresAt: at("expires_at").notNull(),
    invitedBy: uuid("invited_by").references(() => user.id, { onDelete: "set null" }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    version: version(),
  },
  (t) => [
    uniqueIndex("invitation_pending_unique")
      .on(t.organizationId, t.email, t.role)
      .where(sql`${t.status} = 'pending'`),
    index("invitation_list_idx").on(t.organizationId, t.id),
    index("invitation_email_idx").on(t.email),
    check("invitation_status", sql`${t.status} in ('pending','accepted','declined','revoked')`),
    check("invitation_role", sql`${t.role} in ('org_admin','manager','coach','client')`),
    check("invitation_email_lower", sql`${t.email} = lower(${t.email})`),
  ],
);
