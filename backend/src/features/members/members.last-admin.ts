import { and, eq, isNull } from "drizzle-orm";
import type { Transaction } from "../../db/client.ts";
import { member, organization, user } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";

/**
 * To be called before a person stops being an active org_admin of an organization, in the transaction that does it.
 *
 * @throws AppError `last_admin` when nobody else could run it: only active members whose user is not banned count
 */
export type KeepAnAdmin = (tx: Transaction, organizationId: string, userId: string) => Promise<void>;

/**
 * The organization's row is the lock: of any number of admins who leave, demote or remove each other at the same time,
 * each sees what the one before has done. It does not hold up what merely refers to the organization.
 * Who calls it for several organizations does so in the order of their ids.
 */
export const keepAnAdmin: KeepAnAdmin = async (tx, organizationId, userId) => {
  await tx
    .select({ id: organization.id })
    .from(organization)
    .where(eq(organization.id, organizationId))
    .for("no key update");
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
