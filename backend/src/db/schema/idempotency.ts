import { index, integer, jsonb, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { at, createdAt } from "./columns.ts";
import { user } from "./user.ts";

/** The first answer to a write, kept so that its repetition gets the same one. */
export const idempotencyRecord = pgTable(
  "idempotency_record",
  {
    userId: uuid("user_id")
      .notNull()
      .references(() => user.id, { onDelete: "cascade" }),
    /** Method and path. */
    route: text("route").notNull(),
    key: text("key").notNull(),
    /** SHA-256 of the body, hex. */
    bodyHash: text("body_hash").notNull(),
    /** Of whom works on it: a later one took the key over. Null where a release before wrote it. */
    claimId: uuid("claim_id"),
    /** Null while the first request still runs. */
    status: integer("status"),
    headers: jsonb("headers").$type<Record<string, string>>(),
    body: text("body"),
    /** Renewed while the request runs: after this, a record without an answer belongs to a process that died. */
    leaseUntil: at("lease_until").notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.route, t.key] }),
    index("idempotency_record_created_at_idx").on(t.createdAt),
  ],
);
