import { and, eq, isNull } from "drizzle-orm";
import { member, organization, session, user } from "../db/schema/index.ts";
import { AppError } from "../errors.ts";
import { type CallerNow, can } from "./access.ts";
import { enforce } from "./enforce.ts";

/** From the session's row: a session that ended gives no rights. */
export const callerNow: CallerNow = async (tx, caller, permission, organizationId) => {
  const rows = await tx
    .select({
      globalRole: user.globalRole,
      twoFactorEnabled: user.twoFactorEnabled,
      organizationId: member.organizationId,
      role: member.role,
      status: member.status,
      suspendedAt: organization.suspendedAt,
      deletedAt: organization.deletedAt,
      coachesInviteClients: organization.coachesInviteClients,
      twoFactorRoles: organization.twoFactorRoles,
    })
    .from(session)
    .innerJoin(user, eq(user.id, session.userId))
    .leftJoin(member, eq(member.userId, user.id))
    .leftJoin(organization, eq(organization.id, member.organizationId))
    .where(and(eq(session.id, caller.session.id), isNull(user.bannedAt)));
  const [person] = rows;
  if (!person) throw new AppError("unauthenticated", "Sign in first");
  const memberships = caller.memberships.flatMap((membership) => {
    const now = rows.find((row) => row.organizationId === membership.organizationId);
    if (!now?.role || !now.status || now.status === "removed") return [];
    const { role, status, suspendedAt, deletedAt } = now;
    return [
      {
        ...membership,
        role,
        status,
        organization: {
          ...membership.organization,
          suspended: suspendedAt !== null,
          deleted: deletedAt !== null,
          coachesInviteClients: now.coachesInviteClients ?? false,
          twoFactorRoles: now.twoFactorRoles ?? [],
        },
      },
    ];
  });
  const { globalRole, twoFactorEnabled } = person;
  const current = { ...caller, globalRole, twoFactorEnabled, memberships };
  enforce(can(current, permission, organizationId));
  return current;
};
