import { and, eq, sql } from "drizzle-orm";
import type { AuditLog } from "../../adapters/audit/port.ts";
import type { CallerNow } from "../../auth/access.ts";
import type { Caller } from "../../auth/actor.ts";
import { assertVersion } from "../../db/assert-version.ts";
import type { Database } from "../../db/client.ts";
import { lockOrganization } from "../../db/organization-lock.ts";
import { organization } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import type { OrganizationSettings, UpdateOrganizationSettings } from "./organizations.schema.ts";

export type OrganizationSettingsService = ReturnType<typeof createOrganizationSettingsService>;

const columns = {
  clientsSeeDirectory: organization.clientsSeeDirectory,
  coachesInviteClients: organization.coachesInviteClients,
  twoFactorRoles: organization.twoFactorRoles,
  version: organization.settingsVersion,
};

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly callerNow: CallerNow;
}

/** What an organization may decide for itself. */
export function createOrganizationSettingsService({ db, audit, callerNow }: Deps) {
  const living = (organizationId: string) =>
    and(eq(organization.id, organizationId), sql`${organization.deletedAt} is null`);

  return {
    async get(_caller: Caller, organizationId: string): Promise<OrganizationSettings> {
      const [found] = await db.select(columns).from(organization).where(living(organizationId));
      if (!found) throw new AppError("not_found", "Not found");
      return found;
    },

    /** @throws AppError `not_found`, `precondition_failed` */
    async update(
      caller: Caller,
      organizationId: string,
      changes: UpdateOrganizationSettings,
      version: number | undefined,
    ): Promise<OrganizationSettings> {
      return db.transaction(async (tx) => {
        await lockOrganization(tx, organizationId);
        await callerNow(tx, caller, "organization.updateSettings", organizationId);
        const [before] = await tx.select(columns).from(organization).where(living(organizationId));
        if (!before) throw new AppError("not_found", "Not found");
        assertVersion(before, version);
        if (Object.keys(changes).length === 0) return before;
        const [after] = await tx
          .update(organization)
          .set({ ...changes, settingsVersion: sql`${organization.settingsVersion} + 1` })
          .where(eq(organization.id, organizationId))
          .returning(columns);
        if (!after) throw new AppError("not_found", "Not found");
        await audit.record(tx, caller, {
          action: "organization.settings_updated",
          organizationId,
          target: { type: "organization", id: organizationId },
          changes,
        });
        return after;
      });
    },
  };
}
