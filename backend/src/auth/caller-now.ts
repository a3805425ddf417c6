import { and, eq, isNull } from "drizzle-orm";
import { member, session, user } from "../db/schema/index.ts";
import { AppError } from "../errors.ts";
import { type CallerNow, can } from "./access.ts";
import { enforce } from "./enforce.ts";

/** From the session's row: a session that ended gives no rights. */
export const callerNow: CallerNow = async (tx, caller, permission, organizationId) => {
  const rows = await tx
    .select({
      globalRole: user.globalRole,
      organizationId: member.organizationId,
      role: member.role,
      status: member.status,
    })
    .from(session)
    .innerJoin(user, eq(user.id, session.userId))
    .leftJoin(member, eq(member.userId, user.id))
    .where(and(eq(session.id, caller.session.id), isNull(user.bannedAt)));
  const [{ globalRole } = { globalRole: undefined }] = rows;
  if (globalRole === undefined) throw new AppError("unauthenticated", "Sign in first");
  const memberships = caller.memberships.flatMap((membership) => {
    const now = rows.find((row) => row.organizationId === membership.organizationId);
    if (!now?.role || !now.status || now.status === "removed") return [];
    return [{ ...membership, role: now.role, status: now.status }];
  });
  const current = { ...caller, globalRole, memberships };
  enforce(can(current, permission, organizationId));
  return current;
};
