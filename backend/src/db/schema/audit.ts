import { sql } from "drizzle-orm";
import {
  bigint,
  check,
  customType,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import { at, id } from "./columns.ts";

/** A 64-bit transaction id, kept as text on our side. */
export const xid8 = customType<{ data: string }>({ dataType: () => "xid8" });

/** What somebody did or was refused. Append-only: the application's role may insert and select. */
export const auditEvent = pgTable(
  "audit_event",
  {
    id: id(),
    at: at("at").notNull().defaultNow(),
    /** The log it belongs to; null is the platform's. No foreign key: a log outlives what it speaks of. */
    organizationId: uuid("organization_id"),
    /** The writing transaction, in the log's count of them: the sealer takes only events below every running one. */
    xid: xid8("xid").notNull().default(sql`audit_xid(pg_current_xact_id())`),
    action: text("action").notNull(),
    actorType: text("actor_type", { enum: ["user", "apiKey", "system"] }).notNull(),
    actorId: uuid("actor_id"),
    targetType: text("target_type"),
    targetId: text("target_id"),
    result: text("result", { enum: ["allowed", "denied"] }).notNull(),
    ip: text("ip"),
    client: text("client"),
    requestId: text("request_id"),
    changes: jsonb("changes").$type<Record<string, unknown>>(),
  },
  (t) => [
    index("audit_event_organization_idx").on(t.organizationId, t.id),
    index("audit_event_actor_idx").on(t.organizationId, t.actorId, t.id),
    index("audit_event_seal_idx").on(t.organizationId, t.xid, t.id),
    // A handful of rows: the last backup is asked for at every scrape.
    index("audit_event_backup_idx").on(t.at).where(sql`${t.action} = 'backup.created'`),
    // Of all logs: what is new to the rules that look for anomalies.
    index("audit_event_xid_idx").on(t.xid),
    check("audit_event_result", sql`${t.result} in ('allowed','denied')`),
    check("audit_event_actor_type", sql`${t.actorType} in ('user','apiKey','system')`),
  ],
);

/** One link of the hash chain over a log: all events of it in (`from`, `to`] by (xid, id). */
export const auditSeal = pgTable(
  "audit_seal",
  {
    id: id(),
    at: at("at").notNull().defaultNow(),
    organizationId: uuid("organization_id"),
    /** 1, 2, 3 … within its log; unique, so that two sealers cannot both extend a chain. */
    sequence: integer("sequence").notNull(),
    toXid: xid8("to_xid").notNull(),
    toId: uuid("to_id").notNull(),
    events: integer("events").notNull(),
    previousHash: text("previous_hash").notNull(),
    hash: text("hash").notNull(),
  },
  (t) => [unique("audit_seal_sequence_unique").on(t.organizationId, t.sequence).nullsNotDistinct()],
);

/**
 * Where the log's count of transactions goes on after a restore: a new cluster begins its own anew, and what it counts
 * is added to the largest base. Written by the owner only. No row, no restore.
 */
export const auditEpoch = pgTable("audit_epoch", {
  id: id(),
  at: at("at").notNull().defaultNow(),
  /** The last transaction of the log as it was restored. */
  xidBase: bigint("xid_base", { mode: "bigint" }).notNull(),
});
