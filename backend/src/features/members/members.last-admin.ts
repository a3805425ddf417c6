import { and, eq, isNull } from "drizzle-orm";
import type { Transaction } from "../../db/client.ts";
import { member, user } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";

/**
 * To be called before a person stops being an active org_admin of an organization, in the transaction that does it.
 *
 * @throws AppError `last_admin` when nobody else could run it: only active members whose user is not banned count
 */
export type KeepAnAdmin = (tx: Transaction, organizationId: string, userId: string) => Promise<void>;

/**
 * The organization is locked before (`lockOrganization`): of any number of admins who leave, demote or remove each other
 * at the same time, each sees what the one before has done.
 */
export const keepAnAdmin: KeepAnAdmin = async (tx, organizationId, userId) => {
  const admins = await tx
    .select({ userId: member.userId })
    .from(member)
    .innerJoin(user, eq(user.id, member.userId))
    .where(
      and(
        eq(member.organizationId, organizationId),
        eq(member.role, "org_admin"),
        eq(member.status, "active"),
        isNull(user.bannedAt),
        // The organization does not know that a platform admin is among its members.
        isNull(user.globalRole),
      ),
    )
    .limit(2);
  if (admins.length === 1 && admins[0]?.userId === userId)
    throw new AppError("last_admin", "The organization would be left without an active org_admin");
};
