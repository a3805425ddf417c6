import { and, eq, isNull, sql } from "drizzle-orm";
import type { QueuePort } from "../../adapters/queue/port.ts";
import type { Transaction } from "../../db/client.ts";
import { file } from "../../db/schema/index.ts";
import { type FileRow, objectKeys } from "./files.rows.ts";
import { isOutdated, lockShown, showInstead, showNoMore } from "./files.single.ts";
import { targets } from "./files.targets.ts";
import type { Kept } from "./files.verify.ts";

export type Outcome = Partial<Kept & Pick<FileRow, "status" | "threat" | "scannedAt">>;

/**
 * Writes what a check or a scan found, once: of two at a time the first one counts, and a file that was deleted
 * meanwhile stays so. A picture that becomes ready is shown from then on, unless a newer one is.
 *
 * @returns false when it was somebody else's to decide.
 */
export async function settle(
  tx: Transaction,
  queue: QueuePort,
  row: FileRow,
  outcome: Outcome,
): Promise<boolean> {
  const { single } = targets[row.target];
  // The owner before the file, in the order of everybody who locks both.
  const shown = single ? await lockShown(tx, row) : null;
  const [decided] = await tx
    .update(file)
    .set({ ...outcome, updatedAt: sql`now()`, version: sql`${file.version} + 1` })
    .where(and(eq(file.id, row.id), eq(file.status, row.status), isNull(file.scannedAt)))
    .returning();
  if (!decided) return false;
  if (!single) return true;
  if (decided.status === "quarantined") await showNoMore(tx, decided, shown);
  if (decided.status !== "ready") return true;
  if (!isOutdated(decided, shown)) await showInstead(tx, queue, decided, shown);
  else {
    await tx.delete(file).where(eq(file.id, row.id));
    await queue.enqueue("object-delete", { keys: objectKeys(decided) }, tx);
  }
  return true;
}
