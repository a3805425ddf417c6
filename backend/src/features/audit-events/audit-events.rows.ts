import { and, desc, eq, gte, isNull, lt, type SQL, sql } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { auditEvent, organization } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import type { AuditScope } from "./audit-events.policy.ts";
import type { AuditEvent, AuditFilter } from "./audit-events.schema.ts";

/** One log, as much of it as a caller reads. */
export interface LogView {
  /** Null is the platform's log. */
  readonly organizationId: string | null;
  readonly scope: AuditScope;
}

type AuditRow = typeof auditEvent.$inferSelect;

export const toAuditEvent = (row: AuditRow): AuditEvent => ({
  id: row.id,
  at: row.at.toISOString(),
  action: row.action,
  actor: { type: row.actorType, id: row.actorId },
  target: row.targetType === null ? null : { type: row.targetType, id: row.targetId },
  result: row.result,
  ip: row.ip,
  client: row.client,
  requestId: row.requestId,
  changes: row.changes,
});

/**
 * How far the clock of a server that makes ids may be from the database's, which tells the time of an event. Ids are in
 * the order of time: this keeps a filter by time from walking through years of a log, and `at` itself decides.
 */
const clockSlackMs = 60 * 60 * 1000;

/** The smallest id of a moment. */
function firstIdAt(ms: number): string {
  const hex = Math.max(0, ms).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

function inTime({ from, to }: AuditFilter): (SQL | undefined)[] {
  return [
    from && and(gte(auditEvent.at, from), gte(auditEvent.id, firstIdAt(from.getTime() - clockSlackMs))),
    to && and(lt(auditEvent.at, to), lt(auditEvent.id, firstIdAt(to.getTime() + clockSlackMs))),
  ];
}

const isAction = (action: string): SQL =>
  action.endsWith(".*")
    ? sql`starts_with(${auditEvent.action}, ${action.slice(0, -1)})`
    : eq(auditEvent.action, action);

/** Up to `limit` events, newest first. */
export function readEvents(
  db: Database,
  { organizationId, scope }: LogView,
  filter: AuditFilter,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<AuditRow[]> {
  const { action, actorId, result } = filter;
  return (
    db
      .select()
      .from(auditEvent)
      .where(
        and(
          organizationId === null
            ? isNull(auditEvent.organizationId)
            : eq(auditEvent.organizationId, organizationId),
          scope === "everyone" ? undefined : eq(auditEvent.actorId, scope.actorId),
          actorId === undefined ? undefined : eq(auditEvent.actorId, actorId),
          action === undefined ? undefined : isAction(action),
          result && eq(auditEvent.result, result),
          ...inTime(filter),
          after === undefined ? undefined : lt(auditEvent.id, after),
        ),
      )
      // The first column tells the planner that the index has the order also where it is null.
      .orderBy(desc(auditEvent.organizationId), desc(auditEvent.id))
      .limit(limit)
  );
}

/**
 * A log outlives its organization: there is one where something happened, or where something still can.
 *
 * @throws AppError `not_found`
 */
export async function assertLog(db: Database, organizationId: string | null): Promise<void> {
  if (organizationId === null) return;
  const ofOrganization = db
    .select({ id: organization.id })
    .from(organization)
    .where(eq(organization.id, organizationId));
  const written = db
    .select({ id: auditEvent.id })
    .from(auditEvent)
    .where(eq(auditEvent.organizationId, organizationId))
    .limit(1);
  const found = await ofOrganization.union(written);
  if (found.length === 0) throw new AppError("not_found", "Not found");
}
