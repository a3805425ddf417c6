import type { Cursors } from "../../adapters/cursors/port.ts";
import type { ReadsPort } from "../../adapters/reads/port.ts";
import type { Caller } from "../../auth/actor.ts";
import { type Verdict, verifyAuditLog } from "../../db/audit-verify.ts";
import type { Database } from "../../db/client.ts";
import { AppError } from "../../errors.ts";
import { auditScope } from "./audit-events.policy.ts";
import { assertLog, readEvents, toAuditEvent } from "./audit-events.rows.ts";
import type { AuditEventPage, AuditEventsQuery } from "./audit-events.schema.ts";

export type AuditEventsService = ReturnType<typeof createAuditEventsService>;

interface Deps {
  readonly db: Database;
  readonly cursors: Cursors;
  readonly reads: ReadsPort;
}

/** Reading a whole log takes seconds of the database: so many are verified at the same time in one process. */
const verifiedAtOnce = 2;

/** Reads the audit logs: an organization's, or the platform's, which is that of `null`. */
export function createAuditEventsService({ db, cursors, reads }: Deps) {
  const verifying = new Map<string | null, Promise<Verdict>>();

  return {
    /**
     * A page of the events that the caller may read, newest first.
     *
     * @throws AppError `not_found` for platform admins who name an organization that never was
     */
    async list(
      caller: Caller,
      organizationId: string | null,
      { limit, cursor, ...filter }: AuditEventsQuery,
    ): Promise<AuditEventPage> {
      const list = "audit-events";
      const madeFor = { organizationId, userId: caller.userId, ...filter };
      const view = { organizationId, scope: auditScope(caller, organizationId) };
      const after = cursors.read(list, madeFor, cursor);
      const rows = await readEvents(db, view, filter, { after, limit: limit + 1 });
      if (rows.length === 0) await assertLog(db, organizationId);
      const page = cursors.page(list, madeFor, rows, limit, (row) => row.id);
      reads.records(caller, organizationId, page.data.length);
      return { ...page, data: page.data.map(toAuditEvent) };
    },

    /**
     * Recomputes the chain of a log. Who asks while it is computed gets the same answer.
     *
     * @throws AppError `not_found`, `rate_limited` while others are computed
     */
    async verify(organizationId: string | null): Promise<Verdict> {
      const same = verifying.get(organizationId);
      if (same !== undefined) return same;
      if (verifying.size >= verifiedAtOnce)
        throw new AppError("rate_limited", "Other logs are being verified: try again soon", {
          retryAfter: 5,
        });
      const verdict = assertLog(db, organizationId)
        .then(() => verifyAuditLog(db, organizationId))
        .finally(() => verifying.delete(organizationId));
      verifying.set(organizationId, verdict);
      return verdict;
    },
  };
}
