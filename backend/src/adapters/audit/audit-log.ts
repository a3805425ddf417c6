import { sql } from "drizzle-orm";
import type { Logger } from "pino";
import { afterCommit } from "../../db/after-commit.ts";
import type { Database } from "../../db/client.ts";
import { auditEvent } from "../../db/schema/index.ts";
import type { AuditLog } from "./port.ts";

type Row = Omit<typeof auditEvent.$inferInsert, "id" | "xid" | "at">;

interface Deps {
  readonly db: Database;
  readonly log: Logger;
  /** The same for the same address, and of no use to who reads the log. */
  readonly pseudonymOf: (address: string) => string;
}

/** Rows in `audit_event`, and each one that is kept also as a line of the log that can be found by its type. */
export function createAuditLog({ db, log, pseudonymOf }: Deps): AuditLog {
  const line = (row: Row): void =>
    log.info(
      {
        type: "AUDIT",
        action: row.action,
        userId: row.actorId,
        resourceId: row.targetId,
        details: row.changes,
        result: row.result,
        ip: row.ip,
        requestId: row.requestId,
      },
      "AUDIT",
    );
  /** In the statement of the event itself: with and without an account it costs the same. */
  const aimed = (address: string) => ({
    targetType: "account",
    targetId: sql<string>`coalesce((select u.id::text from "user" u where u.email = ${address}), ${pseudonymOf(address)})`,
  });
  return {
    async record(tx, caller, event) {
      const row = toRow(event, caller?.userId ?? null, caller?.origin ?? null, "allowed");
      await tx.insert(auditEvent).values(row);
      afterCommit(tx, () => line(row));
    },
    async denied({ reason, aimedAt, ...event }) {
      const row = toRow({ ...event, changes: { reason } }, event.actorId, event.origin, "denied");
      await db
        .insert(auditEvent)
        .values({ ...row, ...(aimedAt !== undefined && aimed(aimedAt.toLowerCase())) });
      line(row);
    },
    async happened(event) {
      const row = toRow(event, event.actorId, event.origin, "allowed");
      await db.insert(auditEvent).values(row);
      line(row);
    },
  };
}

function toRow(
  event: Pick<Parameters<AuditLog["record"]>[2], "action" | "organizationId" | "changes"> & {
    target: { type: string; id: string } | null;
  },
  actorId: string | null,
  origin: { ip: string; client: string | null; requestId: string } | null,
  result: "allowed" | "denied",
): Row {
  return {
    organizationId: event.organizationId,
    action: event.action,
    actorType: actorId ? "user" : "system",
    actorId,
    targetType: event.target?.type ?? null,
    targetId: event.target?.id.slice(0, 200) ?? null,
    result,
    ip: origin?.ip ?? null,
    client: origin?.client ?? null,
    requestId: origin?.requestId ?? null,
    changes: event.changes ?? null,
  };
}
