import { and, eq, inArray, isNotNull, isNull, lt, notExists, sql } from "drizzle-orm";
import type { JobHandlers, Schedule } from "../../adapters/queue/port.ts";
import type { Transaction } from "../../db/client.ts";
import { file, organization, uploadIntent } from "../../db/schema/index.ts";
import type { FilesDeps } from "./files.deps.ts";
import { createMultipartSweep } from "./files.multipart.sweep.ts";
import { objectKeys, stagingKey } from "./files.rows.ts";
import { createFileScan } from "./files.scan.ts";
import { createFileVerify } from "./files.verify.jobs.ts";

/** A register that began just before its intent expired is over by then. */
const graceMinutes = 5;
const intentsAtOnce = 500;

/** What happens to files outside of requests. All of it may run twice, or be killed anywhere. */
export function createFileJobs(deps: FilesDeps) {
  const { db, storage, queue } = deps;
  const scan = createFileScan(deps);
  const verify = createFileVerify(deps);
  const handlers: Pick<JobHandlers, "file-verify" | "file-scan" | "object-delete"> = {
    ...verify.handlers,
    ...scan.handlers,

    async "object-delete"({ keys }) {
      for (const key of keys) await storage.delete(key);
    },
  };

  const isOver = lt(uploadIntent.expiresAt, sql`now() - ${graceMinutes} * interval '1 minute'`);

  /**
   * Some of the unused intents that ran out, with every place their bytes may lie at; how many there were. Asks the very
   * row that it locks whether it was used: by the file, one that is registered at this moment would be taken for abandoned.
   */
  async function sweepSomeIntents(): Promise<number> {
    return db.transaction(async (tx) => {
      const some = tx
        .select({ id: uploadIntent.id })
        .from(uploadIntent)
        .where(and(isOver, isNull(uploadIntent.usedAt), isNull(uploadIntent.uploadId)))
        .limit(intentsAtOnce)
        .for("update", { skipLocked: true });
      const over = await tx.delete(uploadIntent).where(inArray(uploadIntent.id, some)).returning();
      const keys = over.flatMap((intent) => [
        stagingKey(intent.storageKey),
        ...objectKeys({ ...intent, id: intent.fileId, uploadedBy: intent.userId }),
      ]);
      for (let i = 0; i < keys.length; i += 100)
        await queue.enqueue("object-delete", { keys: keys.slice(i, i + 100) }, tx);
      return over.length;
    });
  }

  async function sweepIntents(): Promise<void> {
    while ((await sweepSomeIntents()) === intentsAtOnce);
    // Used: the file row took over, once its bytes are checked.
    const unchecked = db
      .select({ id: file.id })
      .from(file)
      .where(and(eq(file.id, uploadIntent.fileId), eq(file.status, "processing")));
    await db.delete(uploadIntent).where(and(isOver, isNotNull(uploadIntent.usedAt), notExists(unchecked)));
  }

  /** Uploads that ended after their intent was swept: a URL may be started in its last second. */
  async function sweepStaging(): Promise<void> {
    const hourAgo = Date.now() - 60 * 60 * 1000;
    let batch: string[] = [];
    const flush = async (): Promise<void> => {
      const known = await db
        .select({ storageKey: uploadIntent.storageKey })
        .from(uploadIntent)
        .where(inArray(uploadIntent.storageKey, batch));
      const alive = new Set(known.map((intent) => intent.storageKey));
      for (const storageKey of batch)
        if (!alive.has(storageKey)) await storage.delete(stagingKey(storageKey));
      batch = [];
    };
    for await (const object of storage.list("staging/")) {
      if (object.lastModified.getTime() > hourAgo) continue;
      batch.push(object.key.slice("staging/".length));
      if (batch.length === 500) await flush();
    }
    if (batch.length > 0) await flush();
  }

  /** Lets go of everything an organization uploaded, for when it goes itself. */
  async function removeOrganization(tx: Transaction, organizationId: string): Promise<void> {
    await tx.delete(uploadIntent).where(eq(uploadIntent.organizationId, organizationId));
    await tx.update(organization).set({ logoFileId: null }).where(eq(organization.id, organizationId));
    const gone = await tx.delete(file).where(eq(file.organizationId, organizationId)).returning();
    const keys = gone.flatMap(objectKeys);
    for (let i = 0; i < keys.length; i += 100)
      await queue.enqueue("object-delete", { keys: keys.slice(i, i + 100) }, tx);
  }

  const multiparts = createMultipartSweep({ db, storage });

  const schedules: readonly Schedule[] = [
    {
      name: "file-sweep",
      cron: "*/10 * * * *",
      async run() {
        // Before the intents, which say what they are.
        const failures = await multiparts.sweepExpired();
        await sweepIntents();
        await sweepStaging();
        // Last: where the store cannot or may not list them, nothing else waits for it.
        await multiparts.sweepUnknown();
        if (failures.length > 0) throw failures[0];
      },
    },
    ...verify.schedules,
    ...scan.schedules,
  ];
  return { handlers, schedules, removeOrganization };
}
