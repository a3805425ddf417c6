import { eq } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import type { Caller } from "../../auth/actor.ts";
import { enforce } from "../../auth/enforce.ts";
import { file, uploadIntent } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import { createClaims, type Intent, isClaimed, isMine, isOpen, isOwn, noUpload } from "./files.claims.ts";
import type { FilesDeps } from "./files.deps.ts";
import type { Multipart, MultipartStarted, Parts, PartsRequest } from "./files.multipart.schema.ts";
import {
  everyPart,
  type Parted,
  partCountOf,
  partedOf,
  partSize,
  sizeOfPart,
  uploadedParts,
} from "./files.parts.ts";
import { knownIn, uploadVerdict } from "./files.policy.ts";
import { createAdmission, startWithinSeconds } from "./files.presign.ts";
import { reserve } from "./files.quota.ts";
import type { Register } from "./files.register.ts";
import { stagingKey, toFileDto } from "./files.rows.ts";
import type { FileDto, Presign } from "./files.schema.ts";

/** A phone may be without a network for a night. */
const completeWithinSeconds = 24 * 60 * 60;

/** Uploads in parts: each part by a URL of its own, in any order, again where one broke off. */
export function createMultipart(deps: FilesDeps, register: Register) {
  const { db, storage, queue } = deps;
  const admit = createAdmission(deps);
  const { claim, release } = createClaims(deps);

  /** The role may have been lost since the upload began. */
  const enforceUpload = (caller: Caller, { target, organizationId }: Intent): void =>
    enforce(uploadVerdict(caller, target, organizationId), knownIn(caller, organizationId));

  async function open(caller: Caller, uploadId: string): Promise<{ intent: Intent; upload: Parted }> {
    const [intent] = await db.select().from(uploadIntent).where(isOpen(caller, { uploadId }));
    const upload = intent && partedOf(intent);
    if (!upload) throw noUpload();
    enforceUpload(caller, intent);
    return { intent, upload };
  }

  /**
   * The file that an earlier complete made of the upload; null when there is none.
   *
   * @throws AppError `conflict` while one is at work
   */
  async function completed(caller: Caller, uploadId: string): Promise<FileDto | null> {
    const [found] = await db
      .select({ intent: uploadIntent, made: file })
      .from(uploadIntent)
      .leftJoin(file, eq(file.id, uploadIntent.fileId))
      .where(isOwn(caller, { uploadId }));
    if (!found) return null;
    const { intent, made } = found;
    enforceUpload(caller, intent);
    if (made) return toFileDto(made);
    if (isClaimed(intent))
      throw new AppError("conflict", "The upload is being completed: ask again", { retryAfter: 1 });
    return null;
  }

  return {
    async start(caller: Caller, input: Presign): Promise<MultipartStarted> {
      const admitted = await admit(caller, input);
      const expiresAt = new Date(Date.now() + completeWithinSeconds * 1000);
      const key = stagingKey(admitted.storageKey);
      // Killed before the insert, it is an upload without an intent: the sweep's.
      const uploadId = await storage.startMultipart(key, input.contentType);
      const id = uuidv7();
      try {
        await reserve(db, deps.quotaBytes, { ...admitted, id, uploadId, partSize, expiresAt });
      } catch (error) {
        await storage.abortMultipart(key, uploadId);
        throw error;
      }
      return {
        uploadId: id,
        storageKey: admitted.storageKey,
        partSize,
        partCount: partCountOf({ size: input.size, partSize }),
        expiresAt: expiresAt.toISOString(),
      };
    },

    /** The upload and what of it is there. */
    async get(caller: Caller, uploadId: string): Promise<Multipart> {
      const { intent, upload } = await open(caller, uploadId);
      const partCount = partCountOf(upload);
      // Joined by a complete that was killed: all of them were there.
      const uploaded = (await uploadedParts(storage, upload)) ?? everyPart(upload);
      return {
        uploadId,
        storageKey: upload.storageKey,
        partSize: upload.partSize,
        partCount,
        expiresAt: intent.expiresAt.toISOString(),
        uploaded: uploaded.map(({ partNumber, size }) => ({ partNumber, size })),
      };
    },

    /** What is there already, and URLs for the parts asked for. */
    async parts(caller: Caller, uploadId: string, { partNumbers }: PartsRequest): Promise<Parts> {
      const { upload } = await open(caller, uploadId);
      const count = partCountOf(upload);
      const beyond = partNumbers.findIndex((partNumber) => partNumber > count);
      if (beyond !== -1)
        throw new AppError("validation_failed", "The request data is invalid", {
          fields: [{ field: `partNumbers.${beyond}`, message: `This upload has ${count} parts` }],
        });
      const uploaded = await uploadedParts(storage, upload);
      if (!uploaded) throw new AppError("conflict", "All parts are there and joined: complete the upload");
      const parts = partNumbers.map(async (partNumber) => {
        const size = sizeOfPart(upload, partNumber);
        const { url, headers } = await storage.presignPart({
          key: stagingKey(upload.storageKey),
          uploadId: upload.uploadId,
          partNumber,
          size,
          expiresIn: startWithinSeconds,
        });
        return { partNumber, uploadUrl: url, method: "PUT" as const, headers: { ...headers }, size };
      });
      return {
        uploaded: uploaded.map(({ partNumber, size }) => ({ partNumber, size })),
        parts: await Promise.all(parts),
      };
    },

    /**
     * Joins the parts and registers what they make, by the very rules of an upload in one piece. Whoever lost the answer
     * asks again, and is told the file.
     */
    async complete(caller: Caller, uploadId: string): Promise<FileDto> {
      try {
        return await register(caller, { uploadId });
      } catch (error) {
        if (!(error instanceof AppError && error.code === "not_found")) throw error;
        const made = await completed(caller, uploadId);
        if (made) return made;
        throw error;
      }
    },

    /** Gives up: the parts go, and so does the right to send more. */
    async abort(caller: Caller, uploadId: string): Promise<void> {
      // Not while a complete is at work.
      const intent = await claim(caller, { uploadId });
      const key = stagingKey(intent.storageKey);
      try {
        enforceUpload(caller, intent);
        if (intent.uploadId !== null) await storage.abortMultipart(key, intent.uploadId);
        await db.transaction(async (tx) => {
          const gone = await tx.delete(uploadIntent).where(isMine(intent)).returning({ id: uploadIntent.id });
          if (gone.length === 0) throw noUpload();
          // A complete that was killed may have joined the parts.
          await queue.enqueue("object-delete", { keys: [key] }, tx);
        });
      } catch (error) {
        await release(intent, false);
        throw error;
      }
    },
  };
}
