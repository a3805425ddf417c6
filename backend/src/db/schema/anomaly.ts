import { sql } from "drizzle-orm";
import { boolean, check, index, integer, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { xid8 } from "./audit.ts";
import { at } from "./columns.ts";

/** How far the audit log was judged: every event below this transaction, and none above. One row at most. */
export const anomalyWatermark = pgTable(
  "anomaly_watermark",
  { only: boolean("only").primaryKey().default(true), xid: xid8("xid").notNull() },
  (t) => [check("anomaly_watermark_only", sql`${t.only}`)],
);

/**
 * What the rules count, by the minute: rows of the last hours. No foreign keys, as with the events they are made of.
 * `log` is an organization's id, or `platform`.
 */
export const anomalySignal = pgTable(
  "anomaly_signal",
  {
    rule: text("rule").notNull(),
    log: text("log").notNull(),
    subject: text("subject").notNull(),
    minute: at("minute").notNull(),
    /** What is told apart by a rule that counts different ones; empty where each one counts. */
    detail: text("detail").notNull(),
    count: integer("count").notNull(),
    /** Not judged since it last grew. */
    fresh: boolean("fresh").notNull().default(true),
  },
  (t) => [
    primaryKey({ columns: [t.rule, t.log, t.subject, t.minute, t.detail] }),
    index("anomaly_signal_fresh_idx").on(t.rule).where(sql`${t.fresh}`),
    index("anomaly_signal_minute_idx").on(t.minute),
  ],
);

/** When a rule last spoke of a subject, and whether anybody was written to about it: the memory of cool-downs. */
export const anomalyFinding = pgTable(
  "anomaly_finding",
  {
    rule: text("rule").notNull(),
    log: text("log").notNull(),
    subject: text("subject").notNull(),
    count: integer("count").notNull(),
    foundAt: at("found_at").notNull().defaultNow(),
    toldAt: at("told_at"),
  },
  (t) => [
    primaryKey({ columns: [t.rule, t.log, t.subject] }),
    index("anomaly_finding_told_idx").on(t.log, t.toldAt),
    index("anomaly_finding_found_idx").on(t.foundAt),
  ],
);

/**
 * Tokens of auth sessions that were ended before their time, until that time: whoever shows one was signed out. Filled
 * by a trigger on `session`, so that no way of ending one can forget it.
 */
export const endedSession = pgTable(
  "ended_session",
  {
    /** SHA-256 of the raw token, in hex. */
    tokenHash: text("token_hash").primaryKey(),
    userId: uuid("user_id").notNull(),
    expiresAt: at("expires_at").notNull(),
  },
  (t) => [index("ended_session_expires_at_idx").on(t.expiresAt)],
);
