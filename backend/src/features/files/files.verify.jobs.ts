import { and, asc, eq, gt, isNull, lt, sql } from "drizzle-orm";
import type { JobHandlers, Jobs, Schedule } from "../../adapters/queue/port.ts";
import { file, uploadIntent } from "../../db/schema/index.ts";
import { createBacklog } from "./files.backlog.ts";
import { checkObject } from "./files.check.ts";
import type { FilesDeps } from "./files.deps.ts";
import { objectKey, objectKeys, stagingKey } from "./files.rows.ts";
import { settle } from "./files.settle.ts";

/** By then the job of an upload has had its turns, and has read the largest file. */
const patienceMinutes = 10;

/**
 * The check of uploads that are too large to do it within register. The row itself says that it waits (`processing`,
 * without a digest), and its intent stays with it, so that no lost job loses a file; the store being down only makes
 * it wait longer.
 */
export function createFileVerify(deps: FilesDeps) {
  const { db, storage, queue, scanning } = deps;

  async function verify({ fileId, stagingKey: staged, sha256 }: Jobs["file-verify"]): Promise<void> {
    const [row] = await db.select().from(file).where(eq(file.id, fileId));
    // Deleted meanwhile, and the upload goes with it.
    if (!row) return storage.delete(staged);
    // With a digest it was verified before, and waits for its scan.
    if (row.status !== "processing" || row.sha256 !== null) return;
    const key = objectKey(row);
    // Copied once: another run, dead or at work, may have checked the copy, and its URL can still change the upload.
    if (!(await storage.head(key)) && (await storage.head(staged))) await storage.copy(staged, key);
    const checked = await checkObject(deps, key, { ...row, sha256 });
    const scanned = checked.ok && scanning.mode !== "off";
    const outcome = checked.ok
      ? { status: scanned ? ("processing" as const) : ("ready" as const), ...checked.kept }
      : { status: "rejected" as const };
    await db.transaction(async (tx) => {
      const decided = await settle(tx, queue, row, outcome);
      if (decided && scanned) await queue.enqueue("file-scan", { fileId }, tx);
      const [kept] = await tx.select({ status: file.status }).from(file).where(eq(file.id, fileId));
      // Rejected or deleted meanwhile. What another run decided to keep is its business.
      const keys = !kept || kept.status === "rejected" ? [staged, ...objectKeys(row)] : [staged];
      await queue.enqueue("object-delete", { keys }, tx);
    });
  }

  const waits = and(
    eq(file.status, "processing"),
    isNull(file.sha256),
    lt(file.updatedAt, sql`now() - ${patienceMinutes} * interval '1 minute'`),
  );

  const verifyRest = createBacklog({
    async next(after) {
      const [next] = await db
        .select({ id: file.id })
        .from(file)
        .where(and(gt(file.id, after), waits))
        .orderBy(asc(file.id))
        .limit(1);
      return next?.id;
    },
    async work(fileId) {
      const [intent] = await db.select().from(uploadIntent).where(eq(uploadIntent.fileId, fileId));
      // Deleted meanwhile.
      if (!intent) return;
      await verify({ fileId, stagingKey: stagingKey(intent.storageKey), sha256: intent.sha256 });
    },
    check: () => storage.check(),
  });

  const handlers: Pick<JobHandlers, "file-verify"> = { "file-verify": verify };
  const schedules: readonly Schedule[] = [{ name: "file-verify-rest", cron: "* * * * *", run: verifyRest }];
  return { handlers, schedules };
}
