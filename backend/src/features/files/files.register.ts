import { sql } from "drizzle-orm";
import type { Caller } from "../../auth/actor.ts";
import { enforce } from "../../auth/enforce.ts";
import { file, uploadIntent } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import { checkObject } from "./files.check.ts";
import {
  createClaims,
  finalKey,
  finalKeys,
  type Intent,
  isMine,
  noUpload,
  type UploadRef,
} from "./files.claims.ts";
import type { FilesDeps } from "./files.deps.ts";
import { joinParts, partedOf } from "./files.parts.ts";
import { knownIn, uploadVerdict } from "./files.policy.ts";
import { type FileRow, stagingKey, toFileDto } from "./files.rows.ts";
import type { FileDto } from "./files.schema.ts";
import { lockShown, showInstead } from "./files.single.ts";
import { checkedAtOnceBytes, targets } from "./files.targets.ts";
import type { Kept } from "./files.verify.ts";

export type Register = ReturnType<typeof createRegister>;

/**
 * Turns an upload into a file, once. The bytes are copied to a key that no URL can write, and it is the copy that is
 * checked: what was verified is what is kept. Killed at any point, the intent still leads to everything that was made.
 */
export function createRegister(deps: FilesDeps) {
  const { db, storage } = deps;
  const { claim, release } = createClaims(deps);

  /** Somebody else decides about this upload now: what we copied is nobody's. */
  async function lost(intent: Intent): Promise<never> {
    await Promise.all(finalKeys(intent).map((key) => storage.delete(key)));
    throw noUpload();
  }

  async function reject(intent: Intent, reason: string): Promise<never> {
    const keys = [stagingKey(intent.storageKey), ...finalKeys(intent)];
    const decided = await db.transaction(async (tx) => {
      const used = await tx
        .update(uploadIntent)
        .set({ usedAt: sql`now()` })
        .where(isMine(intent))
        .returning({ id: uploadIntent.id });
      if (used.length > 0) await deps.queue.enqueue("object-delete", { keys }, tx);
      return used.length > 0;
    });
    if (!decided) return lost(intent);
    await Promise.allSettled(keys.map((key) => storage.delete(key)));
    throw new AppError("unprocessable", reason);
  }

  async function copyAndCheck(intent: Intent): Promise<Kept> {
    await storage.copy(stagingKey(intent.storageKey), finalKey(intent));
    const verified = await checkObject(deps, finalKey(intent), intent);
    if (verified.ok === null) throw new AppError("unavailable", "The store lost the upload: try again");
    if (!verified.ok) return reject(intent, verified.reason);
    return verified.kept;
  }

  async function accept(caller: Caller, intent: Intent, kept: Kept | null): Promise<FileRow | null> {
    return db.transaction(async (tx) => {
      const used = await tx
        .update(uploadIntent)
        .set({ usedAt: sql`now()` })
        .where(isMine(intent))
        .returning({ id: uploadIntent.id });
      if (used.length === 0) return null;
      // Before the insert, whose foreign key shares this lock: taken later, two registers would wait for each other.
      const ready = kept !== null && deps.scanning.mode === "off";
      const replaces = ready && targets[intent.target].single;
      const previous = replaces ? await lockShown(tx, { ...intent, uploadedBy: caller.userId }) : null;
      const [row] = await tx
        .insert(file)
        .values({
          id: intent.fileId,
          target: intent.target,
          organizationId: intent.organizationId,
          uploadedBy: caller.userId,
          declaredType: intent.declaredType,
          ...(kept ?? asPromised(intent)),
          status: ready ? "ready" : "processing",
        })
        .returning();
      if (!row) throw new Error("insert returned no row");
      const staged = stagingKey(intent.storageKey);
      if (kept) await deps.queue.enqueue("object-delete", { keys: [staged] }, tx);
      else
        await deps.queue.enqueue(
          "file-verify",
          { fileId: row.id, stagingKey: staged, sha256: intent.sha256 },
          tx,
        );
      if (kept && !ready) await deps.queue.enqueue("file-scan", { fileId: row.id }, tx);
      // One that is still to be checked or scanned takes the place of the one before when it has passed.
      if (replaces) await showInstead(tx, deps.queue, row, previous);
      await deps.audit.record(tx, caller, {
        action: "file.registered",
        organizationId: row.organizationId,
        target: { type: "file", id: row.id },
        changes: { target: row.target, size: row.size, contentType: row.contentType },
      });
      return row;
    });
  }

  /** @throws AppError `not_found`, `conflict` (nothing uploaded yet), `unprocessable` (not what was promised) */
  return async (caller: Caller, upload: UploadRef): Promise<FileDto> => {
    const intent = await claim(caller, upload);
    let outcome: FileRow;
    let copied = false;
    try {
      // The role may have been lost since the URL was handed out.
      enforce(
        uploadVerdict(caller, intent.target, intent.organizationId),
        knownIn(caller, intent.organizationId),
      );
      const parted = partedOf(intent);
      if (parted) await joinParts(storage, parted);
      const staged = await storage.head(stagingKey(intent.storageKey));
      if (!staged)
        throw new AppError("conflict", "Nothing was uploaded yet: PUT to the upload URL first", {
          retryAfter: 1,
        });
      if (staged.size !== intent.size)
        return await reject(intent, `The upload is not ${intent.size} bytes long`);
      copied = intent.size <= checkedAtOnceBytes;
      const kept = copied ? await copyAndCheck(intent) : null;
      outcome = (await accept(caller, intent, kept)) ?? (await lost(intent));
    } catch (error) {
      if (!(error instanceof AppError && error.code === "unprocessable")) await release(intent, copied);
      throw error;
    }
    return toFileDto(outcome);
  };
}

/** What can be said of bytes that nobody has checked yet. */
const asPromised = ({ fileName, declaredType, size }: Intent) => ({
  fileName,
  contentType: declaredType,
  size,
});
