import { relations, sql } from "drizzle-orm";
import { boolean, index, integer, pgTable, primaryKey, text, unique, uuid } from "drizzle-orm/pg-core";
import { at, createdAt, id, updatedAt } from "./columns.ts";
import { user } from "./user.ts";

const userId = () =>
  uuid("user_id")
    .notNull()
    .references(() => user.id, { onDelete: "cascade" });

/** A sign-in ("auth session" in the product's words; Better-auth owns the name `session`). */
export const session = pgTable(
  "session",
  {
    id: id(),
    expiresAt: at("expires_at").notNull(),
    token: text("token").notNull().unique(),
    createdAt: createdAt(),
    /** When the expiry was last slid: at most an hour before the last request. */
    updatedAt: updatedAt(),
    ipAddress: text("ip_address"),
    userAgent: text("user_agent"),
    /** Name of the app build's client key, when one was sent. */
    client: text("client"),
    /** When a second factor was shown to begin it; a trusted device shows none. */
    secondFactorAt: at("second_factor_at"),
    /** When the credential was last shown again; a sign-in counts from `createdAt`. */
    steppedUpAt: at("stepped_up_at"),
    userId: userId(),
  },
  (t) => [index("session_user_id_idx").on(t.userId, t.id), index("session_expires_at_idx").on(t.expiresAt)],
);

export const account = pgTable(
  "account",
  {
    id: id(),
    accountId: text("account_id").notNull(),
    providerId: text("provider_id").notNull(),
    userId: userId(),
    accessToken: text("access_token"),
    refreshToken: text("refresh_token"),
    idToken: text("id_token"),
    accessTokenExpiresAt: at("access_token_expires_at"),
    refreshTokenExpiresAt: at("refresh_token_expires_at"),
    scope: text("scope"),
    password: text("password"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    unique("account_provider_unique").on(t.providerId, t.accountId),
    index("account_user_id_idx").on(t.userId),
  ],
);

export const verification = pgTable(
  "verification",
  {
    id: id(),
    identifier: text("identifier").notNull(),
    value: text("value").notNull(),
    expiresAt: at("expires_at").notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    index("verification_identifier_idx").on(t.identifier),
    index("verification_expires_at_idx").on(t.expiresAt),
    // A new password or factor ends whatever its owner had won before.
    index("verification_value_idx").on(t.value),
  ],
);

export const twoFactor = pgTable("two_factor", {
  id: id(),
  secret: text("secret").notNull(),
  backupCodes: text("backup_codes").notNull(),
  userId: userId().unique(),
  verified: boolean("verified").notNull().default(true),
  failedVerificationCount: integer("failed_verification_count").notNull().default(0),
  lockedUntil: at("locked_until"),
});

/** Where a person has signed in from before: what is not here is news to them. */
export const knownDevice = pgTable(
  "known_device",
  {
    userId: userId(),
    /** SHA-256 of device and network: it recognises, and tells nothing. */
    fingerprint: text("fingerprint").notNull(),
    lastSeenAt: at("last_seen_at").notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.fingerprint] })],
);

/** One-time codes that were presented: the primary key makes each usable once, however many try at the same time. */
export const usedCode = pgTable(
  "used_code",
  {
    userId: userId(),
    /** SHA-256, so that the table tells nobody a code. */
    codeHash: text("code_hash").notNull(),
    expiresAt: at("expires_at").notNull().default(sql`now() + interval '2 minutes'`),
  },
  (t) => [primaryKey({ columns: [t.userId, t.codeHash] }), index("used_code_expires_at_idx").on(t.expiresAt)],
);

/** What Better-auth reads in one statement: whether there is an account takes as long to find as that there is none. */
export const userRelations = relations(user, ({ many }) => ({ accounts: many(account) }));
export const accountRelations = relations(account, ({ one }) => ({
  user: one(user, { fields: [account.userId], references: [user.id] }),
}));
export const sessionRelations = relations(session, ({ one }) => ({
  user: one(user, { fields: [session.userId], references: [user.id] }),
}));
