import { eq, sql } from "drizzle-orm";
import type { Caller } from "../../auth/actor.ts";
import { enforce } from "../../auth/enforce.ts";
import type { Transaction } from "../../db/client.ts";
import { file, organization, uploadIntent, user } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import { createClaims, finalKey, type Intent, isMine, noUpload, type UploadRef } from "./files.claims.ts";
import type { FilesDeps } from "./files.deps.ts";
import { joinParts, partedOf } from "./files.parts.ts";
import { knownIn, uploadVerdict } from "./files.policy.ts";
import { type FileRow, objectKey, stagingKey, toFileDto } from "./files.rows.ts";
import type { FileDto } from "./files.schema.ts";
import { targets } from "./files.targets.ts";
import { type Verified, verifyObject } from "./files.verify.ts";

/** Up to this size the bytes are checked inside the request; larger ones in a job. */
const checkedAtOnceBytes = 16 * 1024 * 1024;

export type Register = ReturnType<typeof createRegister>;
type Checked = Extract<Verified, { ok: true }>;

/**
 * Turns an upload into a file, once. The bytes are copied to a key that no URL can write, and it is the copy that is
 * checked: what was verified is what is kept. Killed at any point, the intent still leads to everything that was made.
 */
export function createRegister(deps: FilesDeps) {
  const { db, storage } = deps;
  const { claim, release } = createClaims(deps);

  /** Somebody else decides about this upload now: what we copied is nobody's. */
  async function lost(intent: Intent): Promise<never> {
    await storage.delete(finalKey(intent));
    throw noUpload();
  }

  async function reject(intent: Intent, reason: string): Promise<never> {
    const keys = [stagingKey(intent.storageKey), finalKey(intent)];
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

  async function copyAndCheck(intent: Intent): Promise<Checked> {
    await storage.copy(stagingKey(intent.storageKey), finalKey(intent));
    const verified = await verifyObject(storage, finalKey(intent), intent);
    if (verified.ok === null) throw new AppError("unavailable", "The store lost the upload: try again");
    if (!verified.ok) return reject(intent, verified.reason);
    return verified;
  }

  async function accept(caller: Caller, intent: Intent, checked: Checked | null): Promise<FileRow | null> {
    return db.transaction(async (tx) => {
      const used = await tx
        .update(uploadIntent)
        .set({ usedAt: sql`now()` })
        .where(isMine(intent))
        .returning({ id: uploadIntent.id });
      if (used.length === 0) return null;
      // Before the insert, whose foreign key shares this lock: taken later, two registers would wait for each other.
      const previous = targets[intent.target].single ? await lockSingle(tx, intent) : null;
      const [row] = await tx
        .insert(file)
        .values({
          id: intent.fileId,
          target: intent.target,
          organizationId: intent.organizationId,
          uploadedBy: caller.userId,
          fileName: intent.fileName,
          declaredType: intent.declaredType,
          contentType: checked?.contentType ?? intent.declaredType,
          size: intent.size,
          sha256: checked?.sha256 ?? null,
          status: checked ? "ready" : "processing",
        })
        .returning();
      if (!row) throw new Error("insert returned no row");
      const staged = stagingKey(intent.storageKey);
      if (checked) await deps.queue.enqueue("object-delete", { keys: [staged] }, tx);
      else
        await deps.queue.enqueue(
          "file-verify",
          { fileId: row.id, stagingKey: staged, sha256: intent.sha256 },
          tx,
        );
      if (targets[row.target].single) await replaceSingle(tx, deps, row, previous);
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
      const checked = copied ? await copyAndCheck(intent) : null;
      outcome = (await accept(caller, intent, checked)) ?? (await lost(intent));
    } catch (error) {
      if (!(error instanceof AppError && error.code === "unprocessable")) await release(intent, copied);
      throw error;
    }
    return toFileDto(outcome);
  };
}

/** Points the owner at its new avatar or logo, and lets go of the one before. */
async function replaceSingle(
  tx: Transaction,
  { queue }: FilesDeps,
  row: FileRow,
  previous: string | null,
): Promise<void> {
  if (row.organizationId === null)
    await tx
      .update(user)
      .set({ avatarFileId: row.id, updatedAt: sql`now()`, version: sql`${user.version} + 1` })
      .where(eq(user.id, row.uploadedBy));
  else
    await tx
      .update(organization)
      .set({ logoFileId: row.id, updatedAt: sql`now()`, version: sql`${organization.version} + 1` })
      .where(eq(organization.id, row.organizationId));
  if (previous === null) return;
  const [old] = await tx.delete(file).where(eq(file.id, previous)).returning();
  if (old) await queue.enqueue("object-delete", { keys: [objectKey(old)] }, tx);
}

/** The owner's present avatar or logo; the owner stays locked, so that two registers at once leave one file. */
async function lockSingle(tx: Transaction, intent: Intent): Promise<string | null> {
  const [owner] =
    intent.organizationId === null
      ? await tx
          .select({ previous: user.avatarFileId })
          .from(user)
          .where(eq(user.id, intent.userId))
          .for("update")
      : await tx
          .select({ previous: organization.logoFileId })
          .from(organization)
          .where(eq(organization.id, intent.organizationId))
          .for("update");
  return owner?.previous ?? null;
}
