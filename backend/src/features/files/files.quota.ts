import { and, eq, gt, isNull, ne, sql } from "drizzle-orm";
import type { Database, Transaction } from "../../db/client.ts";
import { file, organization, uploadIntent, user } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";

export type NewIntent = typeof uploadIntent.$inferInsert;

/** Uploads that a person may have begun and not registered. */
const openIntentsMax = 100;

/** How long a single upload's intent lives, and with it the wait for another one at worst. */
const intentSeconds = 60 * 60;

/** The files of an organization that take something up; rejected ones have no bytes. An index holds all that is asked. */
export const isCounted = (organizationId: string) =>
  and(eq(file.organizationId, organizationId), ne(file.status, sql`'rejected'`));

export const sumOfSizes = sql<number>`coalesce(sum(${file.size}), 0)::float8`;

/** Bytes that were promised to the organization's uploads and may still come. */
export const reservedBytes = (organizationId: string) => sql<number>`(
  select coalesce(sum(${uploadIntent.size}), 0)::float8 from ${uploadIntent}
  where ${and(eq(uploadIntent.organizationId, organizationId), isOpen)})`;

const isOpen = and(isNull(uploadIntent.usedAt), gt(uploadIntent.expiresAt, sql`now()`));

/**
 * Writes the intent, if there is room for it. The owner's row is the lock: of any number of presigns at a time each
 * counts what the ones before have reserved, and it does not hold up what merely refers to the owner.
 *
 * @param defaultQuota bytes where the organization has no quota of its own; null is no limit.
 * @throws AppError `not_found` (no such organization), `rate_limited`, `quota_exceeded`
 */
export async function reserve(db: Database, defaultQuota: number | null, intent: NewIntent): Promise<void> {
  await db.transaction(async (tx) => {
    if (intent.organizationId) await assertRoom(tx, intent.organizationId, intent.size, defaultQuota);
    else await tx.select({ id: user.id }).from(user).where(eq(user.id, intent.userId)).for("no key update");
    await assertFewOpen(tx, intent.userId);
    await tx.insert(uploadIntent).values(intent);
  });
}

async function assertRoom(
  tx: Transaction,
  organizationId: string,
  size: number,
  defaultQuota: number | null,
): Promise<void> {
  const [owner] = await tx
    .select({ quota: organization.storageQuota })
    .from(organization)
    .where(and(eq(organization.id, organizationId), isNull(organization.deletedAt)))
    .for("no key update");
  if (!owner) throw new AppError("not_found", "Not found");
  const quota = owner.quota ?? defaultQuota;
  if (quota === null) return;
  // A statement after the lock, so that it sees what was committed while we waited.
  const [taken] = await tx
    .select({ bytes: sql<number>`${sumOfSizes} + ${reservedBytes(organizationId)}` })
    .from(file)
    .where(isCounted(organizationId));
  const left = quota - (taken?.bytes ?? 0);
  if (size > left)
    throw new AppError(
      "quota_exceeded",
      `The organization may store ${quota} bytes, and ${Math.max(0, left)} of them are left`,
    );
}

/** Nobody fills the store with uploads that never become files. */
async function assertFewOpen(tx: Transaction, userId: string): Promise<void> {
  const open = await tx
    .select({ id: uploadIntent.id })
    .from(uploadIntent)
    .where(and(eq(uploadIntent.userId, userId), isOpen))
    .limit(openIntentsMax);
  if (open.length < openIntentsMax) return;
  throw new AppError("rate_limited", `${openIntentsMax} uploads of yours wait to be registered`, {
    retryAfter: intentSeconds,
    budget: { max: openIntentsMax, window: intentSeconds },
  });
}
