import { and, inArray, isNotNull, isNull, lt, sql } from "drizzle-orm";
import { uploadIntent } from "../../db/schema/index.ts";
import type { FilesDeps } from "./files.deps.ts";
import { stagingKey } from "./files.rows.ts";

/** From the store's having begun an upload to its intent's being stored, and much more. */
const graceMs = 60 * 60 * 1000;

/** Lets go of uploads in parts that nobody will complete. Comes before the intents that ran out are swept. */
export function createMultipartSweep({ db, storage }: Pick<FilesDeps, "db" | "storage">) {
  /** Not every store can list them (MinIO cannot), so those that we know are not looked for. */
  async function sweepExpired(): Promise<void> {
    const over = await db
      .select({ storageKey: uploadIntent.storageKey, uploadId: uploadIntent.uploadId })
      .from(uploadIntent)
      .where(
        and(
          lt(uploadIntent.expiresAt, sql`now() - interval '5 minutes'`),
          isNotNull(uploadIntent.uploadId),
          isNull(uploadIntent.usedAt),
        ),
      );
    for (const { storageKey, uploadId } of over)
      if (uploadId !== null) await storage.abortMultipart(stagingKey(storageKey), uploadId);
  }

  /** Those whose intent is gone or led to a file: the organization went, or a process was killed. */
  async function sweepUnknown(): Promise<void> {
    let batch: { key: string; uploadId: string }[] = [];
    const flush = async (): Promise<void> => {
      const storageKeys = batch.map(({ key }) => key.slice("staging/".length));
      const open = await db
        .select({ uploadId: uploadIntent.uploadId })
        .from(uploadIntent)
        .where(and(inArray(uploadIntent.storageKey, storageKeys), isNull(uploadIntent.usedAt)));
      const alive = new Set(open.map(({ uploadId }) => uploadId));
      for (const { key, uploadId } of batch)
        if (!alive.has(uploadId)) await storage.abortMultipart(key, uploadId);
      batch = [];
    };
    for await (const { key, uploadId, initiatedAt } of storage.listMultiparts("staging/")) {
      if (initiatedAt.getTime() > Date.now() - graceMs) continue;
      batch.push({ key, uploadId });
      if (batch.length === 500) await flush();
    }
    if (batch.length > 0) await flush();
  }

  return async (): Promise<void> => {
    await sweepExpired();
    await sweepUnknown();
  };
}
