import { eq, sql } from "drizzle-orm";
import type { QueuePort } from "../../adapters/queue/port.ts";
import type { Transaction } from "../../db/client.ts";
import { file, organization, user } from "../../db/schema/index.ts";
import { type FileRow, objectKeys } from "./files.rows.ts";

/** Who shows the picture: the organization, or the uploader. */
type Shown = Pick<FileRow, "organizationId" | "uploadedBy">;

/** The owner's present avatar or logo; the owner stays locked, so that of two at once one is left. */
export async function lockShown(tx: Transaction, row: Shown): Promise<string | null> {
  const [owner] =
    row.organizationId === null
      ? await tx
          .select({ shown: user.avatarFileId })
          .from(user)
          .where(eq(user.id, row.uploadedBy))
          .for("update")
      : await tx
          .select({ shown: organization.logoFileId })
          .from(organization)
          .where(eq(organization.id, row.organizationId))
          .for("update");
  return owner?.shown ?? null;
}

/** Points the owner at its new avatar or logo, and lets go of the one before. */
export async function showInstead(
  tx: Transaction,
  queue: QueuePort,
  row: FileRow,
  previous: string | null,
): Promise<void> {
  await point(tx, row, row.id);
  if (previous === null || previous === row.id) return;
  const [old] = await tx.delete(file).where(eq(file.id, previous)).returning();
  if (old) await queue.enqueue("object-delete", { keys: objectKeys(old) }, tx);
}

/** Takes the picture down where it is shown. */
export async function showNoMore(tx: Transaction, row: FileRow, shown: string | null): Promise<void> {
  if (shown === row.id) await point(tx, row, null);
}

async function point(tx: Transaction, row: Shown, fileId: string | null): Promise<void> {
  if (row.organizationId === null)
    await tx
      .update(user)
      .set({ avatarFileId: fileId, updatedAt: sql`now()`, version: sql`${user.version} + 1` })
      .where(eq(user.id, row.uploadedBy));
  else
    await tx
      .update(organization)
      .set({ logoFileId: fileId, updatedAt: sql`now()`, version: sql`${organization.version} + 1` })
      .where(eq(organization.id, row.organizationId));
}

/** Whether another picture was uploaded after this one. Ids are ordered by time. */
export const isOutdated = (row: FileRow, shown: string | null): boolean => shown !== null && shown > row.id;
