import { and, eq, isNull, sql } from "drizzle-orm";
import type { Transaction } from "../../db/client.ts";
import { user } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";

/**
 * To be called before a platform admin is demoted or banned, or goes, in the transaction that does it.
 *
 * @throws AppError `last_admin` when nobody else could run the platform: who is banned does not count
 */
export type KeepAPlatformAdmin = (tx: Transaction, userId: string) => Promise<void>;

/**
 * One lock for all of them, held until the transaction ends: of any number of admins who demote or ban each other at
 * the same time, each sees what the one before has done. Take no lock of a row after it.
 */
export const keepAPlatformAdmin: KeepAPlatformAdmin = async (tx, userId) => {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('last platform_admin', 0))`);
  const admins = await tx
    .select({ id: user.id })
    .from(user)
    .where(and(eq(user.globalRole, "platform_admin"), isNull(user.bannedAt)))
    .limit(2);
  if (admins.length === 1 && admins[0]?.id === userId)
    throw new AppError("last_admin", "The platform would be left without a platform_admin");
};
