import { Readable } from "node:stream";
import type { AuditLog } from "../../adapters/audit/port.ts";
import type { Caller } from "../../auth/actor.ts";
import type { Database } from "../../db/client.ts";
import { AppError } from "../../errors.ts";
import { auditScope } from "./audit-events.policy.ts";
import { assertLog, type LogView, readEvents, toAuditEvent } from "./audit-events.rows.ts";
import type { AuditFilter } from "./audit-events.schema.ts";

export type AuditExport = ReturnType<typeof createAuditExport>;

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
}

const rowsAtOnce = 500;

/** Whole logs as lines of JSON. */
export function createAuditExport({ db, audit }: Deps) {
  /** Who takes one at the moment: a reader may be as slow as they like, and each holds a portion in memory. */
  const taking = new Set<string>();

  const read = (view: LogView, filter: AuditFilter, after?: string) =>
    readEvents(db, view, filter, { after, limit: rowsAtOnce });

  /**
   * Reads on only as the reader takes what was read, and holds nothing of the database in between. Newest first, so
   * that what is written meanwhile lies ahead of the first line and is never come to.
   */
  async function* lines(
    view: LogView,
    filter: AuditFilter,
    first: Awaited<ReturnType<typeof read>>,
  ): AsyncGenerator<string> {
    let events = 0;
    for (let rows = first; ; rows = await read(view, filter, rows.at(-1)?.id)) {
      events += rows.length;
      if (rows.length > 0) yield rows.map((row) => `${JSON.stringify(toAuditEvent(row))}\n`).join("");
      if (rows.length < rowsAtOnce) break;
    }
    // Without it a file that was cut off looks like a whole one.
    yield `${JSON.stringify({ complete: true, events })}\n`;
  }

  return {
    /** Whether there is such a log. @throws AppError `not_found` */
    assertLog: (organizationId: string | null): Promise<void> => assertLog(db, organizationId),

    /**
     * Everything that the caller may read, newest first, and a last line that tells that it is everything. The event
     * of the export itself is written before the first line is handed out.
     *
     * @throws AppError `not_found`, `rate_limited` to who takes one already
     */
    async open(caller: Caller, organizationId: string | null, filter: AuditFilter): Promise<Readable> {
      if (taking.has(caller.userId))
        throw new AppError("rate_limited", "Your other export has not ended yet", { retryAfter: 5 });
      taking.add(caller.userId);
      try {
        await assertLog(db, organizationId);
        const view = { organizationId, scope: auditScope(caller, organizationId) };
        const first = await read(view, filter);
        await db.transaction((tx) =>
          audit.record(tx, caller, {
            action: "audit.exported",
            organizationId,
            target: { type: "auditLog", id: organizationId ?? "platform" },
            changes: { ...filter },
          }),
        );
        const source = Readable.from(lines(view, filter, first));
        return source.once("close", () => taking.delete(caller.userId));
      } catch (error) {
        taking.delete(caller.userId);
        throw error;
      }
    },
  };
}
