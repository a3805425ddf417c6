import { and, eq, gt, isNotNull, isNull, lt, or, sql } from "drizzle-orm";
import type { AuditLog } from "../../adapters/audit/port.ts";
import type { Schedule } from "../../adapters/queue/port.ts";
import type { CallerNow, Permission } from "../../auth/access.ts";
import type { Caller } from "../../auth/actor.ts";
import { assertVersion } from "../../db/assert-version.ts";
import type { Database, Transaction } from "../../db/client.ts";
import { lockOrganization } from "../../db/organization-lock.ts";
import { auditEvent, organization } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import { fromRow } from "./organizations.rows.ts";
import type { Organization } from "./organizations.schema.ts";

export type OrganizationLifecycle = ReturnType<typeof createOrganizationLifecycle>;

/** Days during which a deleted organization can be brought back. */
const undoDays = 30;

type State = Partial<Pick<typeof organization.$inferInsert, "suspendedAt" | "deletedAt">>;

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly callerNow: CallerNow;
}

/** Suspending, reactivating, deleting and restoring: all of it holds on the next request of every member. */
export function createOrganizationLifecycle({ db, audit, callerNow }: Deps) {
  /**
   * Changes the state only from where it may be changed, so that of two requests at once one finds nothing to do.
   *
   * @throws AppError `not_found` for one that is not `there`, `precondition_failed`, `invalid_state`
   */
  async function move(
    caller: Caller,
    organizationId: string,
    version: number | undefined,
    step: {
      permission: Permission;
      action: string;
      there: ReturnType<typeof and>;
      from: ReturnType<typeof and>;
      to: { [K in keyof State]: ReturnType<typeof sql> | null };
    },
  ): Promise<Organization> {
    return db.transaction(async (tx) => {
      await lockOrganization(tx, organizationId);
      await callerNow(tx, caller, step.permission, organizationId);
      const [before] = await tx
        .select({ version: organization.version })
        .from(organization)
        .where(and(eq(organization.id, organizationId), step.there));
      if (!before) throw new AppError("not_found", "Not found");
      assertVersion(before, version);
      const [moved] = await tx
        .update(organization)
        .set({ ...step.to, updatedAt: sql`now()`, version: sql`${organization.version} + 1` })
        .where(and(eq(organization.id, organizationId), step.from))
        .returning();
      if (!moved) throw new AppError("invalid_state", "The organization is in that state already");
      await audit.record(tx, caller, {
        action: step.action,
        organizationId,
        target: { type: "organization", id: organizationId },
      });
      return fromRow(moved);
    });
  }

  return {
    suspend: (caller: Caller, id: string, version: number | undefined) =>
      move(caller, id, version, {
        permission: "organization.suspend",
        action: "organization.suspended",
        there: isNull(organization.deletedAt),
        from: isNull(organization.suspendedAt),
        to: { suspendedAt: sql`now()` },
      }),

    reactivate: (caller: Caller, id: string, version: number | undefined) =>
      move(caller, id, version, {
        permission: "organization.suspend",
        action: "organization.reactivated",
        there: isNull(organization.deletedAt),
        from: isNotNull(organization.suspendedAt),
        to: { suspendedAt: null },
      }),

    async delete(caller: Caller, id: string, version: number | undefined): Promise<void> {
      await move(caller, id, version, {
        permission: "organization.delete",
        action: "organization.deleted",
        there: isNull(organization.deletedAt),
        from: undefined,
        to: { deletedAt: sql`now()` },
      });
    },

    /** @throws AppError `not_found` once the 30 days are over */
    restore: (caller: Caller, id: string, version: number | undefined) =>
      move(caller, id, version, {
        permission: "organization.restore",
        action: "organization.restored",
        there: or(
          isNull(organization.deletedAt),
          gt(organization.deletedAt, sql`now() - ${undoDays} * interval '1 day'`),
        ),
        from: isNotNull(organization.deletedAt),
        to: { deletedAt: null },
      }),
  };
}

interface PurgeDeps {
  readonly db: Database;
  /** Removes an organization's files and enqueues the removal of their bytes. */
  readonly removeFiles: (tx: Transaction, organizationId: string) => Promise<void>;
}

/** What was deleted 30 days ago goes for good, with everything it owns; its audit log stays. */
export function createOrganizationPurge({ db, removeFiles }: PurgeDeps): Schedule {
  return {
    name: "organization-purge",
    cron: "41 3 * * *",
    async run() {
      const isOver = lt(organization.deletedAt, sql`now() - ${undoDays} * interval '1 day'`);
      const over = await db.select({ id: organization.id }).from(organization).where(isOver);
      for (const { id } of over)
        await db.transaction(async (tx) => {
          // A restore in the last moment may have been faster.
          const found = await tx
            .select({ id: organization.id })
            .from(organization)
            .where(and(eq(organization.id, id), isOver))
            .for("update");
          if (found.length === 0) return;
          await removeFiles(tx, id);
          await tx.delete(organization).where(eq(organization.id, id));
          await tx.insert(auditEvent).values({
            action: "organization.purged",
            actorType: "system",
            targetType: "organization",
            targetId: id,
            result: "allowed",
          });
        });
    },
  };
}
