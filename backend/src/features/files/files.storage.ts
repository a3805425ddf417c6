import { and, eq, isNull, sql } from "drizzle-orm";
import type { Caller } from "../../auth/actor.ts";
import type { Database, Transaction } from "../../db/client.ts";
import { file, organization } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import type { FilesDeps } from "./files.deps.ts";
import { isCounted, reservedBytes, sumOfSizes } from "./files.quota.ts";
import type { StorageUsage, UpdateStorage } from "./files.storage.schema.ts";

export type StorageService = ReturnType<typeof createStorageService>;

/** What an organization's files take up, and how much they may. */
export function createStorageService({
  db,
  audit,
  quotaBytes,
}: Pick<FilesDeps, "db" | "audit" | "quotaBytes">) {
  async function usage(from: Database | Transaction, organizationId: string): Promise<StorageUsage> {
    const used = from
      .select({ bytes: sumOfSizes.as("bytes"), files: sql<number>`count(*)::float8`.as("files") })
      .from(file)
      .where(isCounted(organizationId))
      .as("used");
    const [found] = await from
      .select({
        quota: organization.storageQuota,
        bytes: used.bytes,
        files: used.files,
        reservedBytes: reservedBytes(organizationId),
      })
      .from(organization)
      .crossJoin(used)
      .where(living(organizationId));
    if (!found) throw new AppError("not_found", "Not found");
    return {
      usedBytes: found.bytes,
      reservedBytes: found.reservedBytes,
      fileCount: found.files,
      quotaBytes: found.quota ?? quotaBytes,
    };
  }

  return {
    get: (_caller: Caller, organizationId: string): Promise<StorageUsage> => usage(db, organizationId),

    /** Holds from the next presign on; nothing that is there goes. @throws AppError `not_found` */
    async update(
      caller: Caller,
      organizationId: string,
      { quotaBytes: to }: UpdateStorage,
    ): Promise<StorageUsage> {
      return db.transaction(async (tx) => {
        const [before] = await tx
          .select({ quota: organization.storageQuota })
          .from(organization)
          .where(living(organizationId))
          .for("no key update");
        if (!before) throw new AppError("not_found", "Not found");
        if (before.quota !== to) {
          await tx.update(organization).set({ storageQuota: to }).where(eq(organization.id, organizationId));
          await audit.record(tx, caller, {
            action: "organization.quota_changed",
            organizationId,
            target: { type: "organization", id: organizationId },
            changes: { quotaBytes: { from: before.quota, to } },
          });
        }
        return usage(tx, organizationId);
      });
    },
  };
}

const living = (organizationId: string) =>
  and(eq(organization.id, organizationId), isNull(organization.deletedAt));
