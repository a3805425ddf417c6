import { and, desc, eq, isNull, lt, sql } from "drizzle-orm";
import type { AuditLog } from "../../adapters/audit/port.ts";
import type { Cursors } from "../../adapters/cursors/port.ts";
import { type LimiterPort, spend } from "../../adapters/limiter/port.ts";
import { type CallerNow, membershipIn } from "../../auth/access.ts";
import type { Actor, Caller } from "../../auth/actor.ts";
import type { Database, Transaction } from "../../db/client.ts";
import { lockOrganization } from "../../db/organization-lock.ts";
import { member, organization } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import { canCreateOrganization, joinsOwnOrganization } from "./organizations.policy.ts";
import { fromProfile, fromRow } from "./organizations.rows.ts";
import type {
  CreateOrganization,
  Organization,
  OrganizationPage,
  OrganizationsQuery,
  UpdateOrganization,
} from "./organizations.schema.ts";

export type OrganizationsService = ReturnType<typeof createOrganizationsService>;

/** Organizations a person may create in a day, where people may: each one comes with mails and storage of its own. */
const dailyOrganizations = { max: 10, window: 24 * 60 * 60 };

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly cursors: Cursors;
  readonly limiter: LimiterPort;
  readonly callerNow: CallerNow;
  readonly signup: "open" | "closed";
  /** Offers a role by mail, in the same transaction. */
  readonly invite: (
    tx: Transaction,
    caller: Caller,
    organizationId: string,
    email: string,
    role: "org_admin",
  ) => Promise<unknown>;
}

/** Tenants. The guard has decided on the role before any of these is called. */
export function createOrganizationsService({ db, audit, cursors, limiter, callerNow, signup, invite }: Deps) {
  return {
    /** Asked by the guard, before the body is read. */
    mayCreate: (actor: Actor): boolean => canCreateOrganization(actor, signup),

    /** Every organization, newest first; platform admins only. */
    async list(_caller: Caller, { limit, cursor }: OrganizationsQuery): Promise<OrganizationPage> {
      const after = cursors.read("organizations", {}, cursor);
      const rows = await db
        .select()
        .from(organization)
        .where(after === undefined ? undefined : lt(organization.id, after))
        .orderBy(desc(organization.id))
        .limit(limit + 1);
      const page = cursors.page("organizations", {}, rows, limit, (row) => row.id);
      return { ...page, data: page.data.map(fromRow) };
    },

    /**
     * @throws AppError `conflict` for a taken slug or where the creator names themselves as admin, `step_up_required`
     *   for an admin named with an old credential, `rate_limited` for the eleventh of a day
     */
    async create(caller: Caller, input: CreateOrganization): Promise<Organization> {
      return db.transaction(async (tx) => {
        const [created] = await tx
          .insert(organization)
          .values({ name: input.name, slug: input.slug })
          .returning();
        if (!created) throw new Error("insert returned no row");
        if (joinsOwnOrganization(caller)) {
          // Not for a slug that was taken.
          await spend(
            limiter,
            `organizations:${caller.userId}`,
            dailyOrganizations,
            "You created your organizations of the day",
          );
          await tx
            .insert(member)
            .values({ organizationId: created.id, userId: caller.userId, role: "org_admin" });
        }
        await audit.record(tx, caller, {
          action: "organization.created",
          organizationId: created.id,
          target: { type: "organization", id: created.id },
          changes: { name: created.name, slug: created.slug },
        });
        if (input.adminEmail !== undefined)
          await invite(tx, caller, created.id, input.adminEmail, "org_admin");
        return fromRow(created);
      });
    },

    /** A member's own organization was read with the session: no statement of its own. */
    async get(caller: Caller, organizationId: string): Promise<Organization> {
      const membership = membershipIn(caller, organizationId);
      if (membership) return fromProfile(membership.organization);
      const [row] = await db.select().from(organization).where(eq(organization.id, organizationId));
      if (!row) throw new AppError("not_found", "Not found");
      return fromRow(row);
    },

    /**
     * @param version what the client insists on having seen.
     * @throws AppError `not_found`, `precondition_failed`, `conflict`
     */
    async update(
      caller: Caller,
      organizationId: string,
      changes: UpdateOrganization,
      version: number | undefined,
    ): Promise<Organization> {
      return db.transaction(async (tx) => {
        await lockOrganization(tx, organizationId);
        await callerNow(tx, caller, "organization.update", organizationId);
        const [updated] = await tx
          .update(organization)
          .set({ ...changes, updatedAt: sql`now()`, version: sql`${organization.version} + 1` })
          .where(
            and(
              eq(organization.id, organizationId),
              isNull(organization.deletedAt),
              version === undefined ? undefined : eq(organization.version, version),
            ),
          )
          .returning();
        if (!updated) {
          const [row] = await tx
            .select({ id: organization.id })
            .from(organization)
            .where(and(eq(organization.id, organizationId), isNull(organization.deletedAt)));
          throw row
            ? new AppError("precondition_failed", "The organization was changed meanwhile")
            : new AppError("not_found", "Not found");
        }
        await audit.record(tx, caller, {
          action: "organization.updated",
          organizationId,
          target: { type: "organization", id: organizationId },
          changes,
        });
        return fromRow(updated);
      });
    },
  };
}
