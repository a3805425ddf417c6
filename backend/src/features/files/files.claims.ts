import { and, eq, gt, isNotNull, isNull, lt, or, sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import type { Caller } from "../../auth/actor.ts";
import { organization, uploadIntent } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import type { FilesDeps } from "./files.deps.ts";
import { objectKey, objectKeys } from "./files.rows.ts";

/** What has not ended by then died with its process: the intent may be claimed again. */
const claimSeconds = 60;

export type Intent = typeof uploadIntent.$inferSelect;

/** The upload by the key that presign gave, or by the id of one in parts. */
export type UploadRef = { readonly storageKey: string } | { readonly uploadId: string };

const fileOf = ({ fileId, target, organizationId, userId }: Intent) => ({
  id: fileId,
  target,
  organizationId,
  uploadedBy: userId,
});

/** Where the bytes will lie. */
export const finalKey = (intent: Intent): string => objectKey(fileOf(intent));

/** Everywhere that a register writes to, whether it did yet or not. */
export const finalKeys = (intent: Intent): string[] => objectKeys(fileOf(intent));

/** An intent of the caller's. */
export const isOwn = (caller: Caller, upload: UploadRef) =>
  and(
    "storageKey" in upload
      ? eq(uploadIntent.storageKey, upload.storageKey)
      : and(eq(uploadIntent.id, upload.uploadId), isNotNull(uploadIntent.uploadId)),
    eq(uploadIntent.userId, caller.userId),
  );

/** One that is neither used nor over, for an organization that is still there. */
export const isOpen = (caller: Caller, upload: UploadRef) =>
  and(
    isOwn(caller, upload),
    isNull(uploadIntent.usedAt),
    gt(uploadIntent.expiresAt, sql`now()`),
    sql`not exists (select from ${organization} o where o.id = ${uploadIntent.organizationId} and o.deleted_at is not null)`,
  );

/** Whether somebody is at work on it. */
export const isClaimed = ({ usedAt, claimedAt }: Intent): boolean =>
  usedAt === null && claimedAt !== null && claimedAt.getTime() > Date.now() - claimSeconds * 1000;

/** Only what is still ours: the claim may have run out meanwhile. */
export const isMine = (intent: Intent) =>
  and(eq(uploadIntent.id, intent.id), eq(uploadIntent.fileId, intent.fileId), isNull(uploadIntent.usedAt));

export const noUpload = (): AppError =>
  new AppError("not_found", "No such upload of yours, or it was registered or expired");

/** Who decides about an upload: one at a time. */
export function createClaims({ db, queue }: Pick<FilesDeps, "db" | "queue">) {
  return {
    /**
     * Takes the intent, with a final key of its own: whoever claimed before and hangs cannot write where we do. What
     * that one may have left is removed.
     */
    claim: (caller: Caller, upload: UploadRef): Promise<Intent> =>
      db.transaction(async (tx) => {
        const [intent] = await tx
          .select()
          .from(uploadIntent)
          .where(
            and(
              isOpen(caller, upload),
              or(
                isNull(uploadIntent.claimedAt),
                lt(uploadIntent.claimedAt, sql`now() - ${claimSeconds} * interval '1 second'`),
              ),
            ),
          )
          .for("update");
        if (!intent) throw noUpload();
        if (intent.claimedAt) await queue.enqueue("object-delete", { keys: finalKeys(intent) }, tx);
        const claimed = { claimedAt: new Date(), fileId: uuidv7() };
        await tx.update(uploadIntent).set(claimed).where(eq(uploadIntent.id, intent.id));
        return { ...intent, ...claimed };
      }),

    /** Lets the client try again, at another final key: nothing was decided about the upload. */
    release: (intent: Intent, copied: boolean): Promise<void> =>
      db.transaction(async (tx) => {
        const undecided = await tx
          .update(uploadIntent)
          .set({ claimedAt: null })
          .where(isMine(intent))
          .returning({ id: uploadIntent.id });
        // A commit may have come through although its answer did not: then the object is a file's.
        if (copied && undecided.length > 0)
          await queue.enqueue("object-delete", { keys: finalKeys(intent) }, tx);
      }),
  };
}
