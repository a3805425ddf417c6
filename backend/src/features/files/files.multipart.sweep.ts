import { and, asc, gt, inArray, isNotNull, isNull, lt, sql } from "drizzle-orm";
import { NIL } from "uuid";
import { uploadIntent } from "../../db/schema/index.ts";
import type { FilesDeps } from "./files.deps.ts";
import { stagingKey } from "./files.rows.ts";

/** From the store's having begun an upload to its intent's being stored, and much more. */
const graceMs = 60 * 60 * 1000;

const batchSize = 500;

/** Lets go of uploads in parts that nobody will complete. */
export function createMultipartSweep({ db, storage }: Pick<FilesDeps, "db" | "storage">) {
  /**
   * Not every store can list them (MinIO cannot), so those that we know are not looked for. The intent of one that the
   * store fails to let go of goes on saying what it is, for the next time.
   *
   * @returns what failed
   */
  async function sweepExpired(): Promise<unknown[]> {
    const failures: unknown[] = [];
    let after: string = NIL;
    for (;;) {
      const over = await db
        .select()
        .from(uploadIntent)
        .where(
          and(
            gt(uploadIntent.id, after),
            lt(uploadIntent.expiresAt, sql`now() - interval '5 minutes'`),
            isNotNull(uploadIntent.uploadId),
            isNull(uploadIntent.usedAt),
          ),
        )
        .orderBy(asc(uploadIntent.id))
        .limit(batchSize);
      const gone: string[] = [];
      for (const { id, storageKey, uploadId } of over) {
        if (uploadId === null) continue;
        await storage.abortMultipart(stagingKey(storageKey), uploadId).then(
          () => gone.push(id),
          (failure: unknown) => failures.push(failure),
        );
      }
      if (gone.length > 0)
        await db.update(uploadIntent).set({ uploadId: null }).where(inArray(uploadIntent.id, gone));
      const last = over[batchSize - 1];
      if (!last) return failures;
      after = last.id;
    }
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
      if (batch.length === batchSize) await flush();
    }
    if (batch.length > 0) await flush();
  }

  return { sweepExpired, sweepUnknown };
}
