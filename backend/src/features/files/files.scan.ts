import { and, asc, eq, gt, isNotNull, isNull, lt, or, sql } from "drizzle-orm";
import type { JobHandlers, Schedule } from "../../adapters/queue/port.ts";
import type { Scanning, Verdict } from "../../adapters/scanner/port.ts";
import { file } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import { createBacklog } from "./files.backlog.ts";
import type { FilesDeps } from "./files.deps.ts";
import { tellQuarantined, tellUnscanned } from "./files.quarantine.ts";
import { type FileRow, objectKey } from "./files.rows.ts";
import { type Outcome, settle } from "./files.settle.ts";

/** By then the job of an upload has had its turns. */
const patienceMinutes = 2;

/**
 * Malware scan of files whose bytes were checked. The row itself says that it waits (`scanned_at` is null), so that no
 * lost job loses a file; the scanner being down only makes it wait longer.
 */
export function createFileScan(deps: FilesDeps) {
  const { db, storage, queue, scanning } = deps;

  /** Uploads that wait; where a scan is required, also what was ready before it was. */
  const waits = or(
    and(eq(file.status, "processing"), isNotNull(file.sha256)),
    scanning.mode === "required" ? eq(file.status, "ready") : undefined,
  );

  async function scan(fileId: string): Promise<void> {
    const [row] = await db
      .select()
      .from(file)
      .where(and(eq(file.id, fileId), isNull(file.scannedAt), waits));
    if (!row) return;
    const verdict = scanning.mode === "off" ? null : await judge(scanning, row);
    const outcome = outcomeOf(scanning.mode, verdict);
    await db.transaction(async (tx) => {
      if (!(await settle(tx, queue, row, outcome))) return;
      if (outcome.status === "quarantined") await tellQuarantined(tx, deps, row, outcome.threat ?? "");
      else if (verdict?.is === "unscannable") await tellUnscanned(tx, deps, row, verdict.reason);
    });
  }

  async function judge({ scanner }: Extract<Scanning, { scanner: unknown }>, row: FileRow): Promise<Verdict> {
    const bytes = await storage.read(objectKey(row));
    if (!bytes) throw new AppError("unavailable", "The store does not have the file");
    return scanner.scan(bytes, row.size);
  }

  const overdue = lt(file.updatedAt, sql`now() - ${patienceMinutes} * interval '1 minute'`);

  const scanRest = createBacklog({
    async next(after) {
      const [next] = await db
        .select({ id: file.id })
        .from(file)
        .where(and(gt(file.id, after), isNull(file.scannedAt), waits, overdue))
        .orderBy(asc(file.id))
        .limit(1);
      return next?.id;
    },
    work: scan,
    async check() {
      if (scanning.mode !== "off") await scanning.scanner.check();
    },
  });

  const handlers: Pick<JobHandlers, "file-scan"> = { "file-scan": ({ fileId }) => scan(fileId) };
  const schedules: readonly Schedule[] = [{ name: "file-scan-rest", cron: "* * * * *", run: scanRest }];
  return { handlers, schedules };
}

/** What a verdict means where scanning is on, or required; null is none, because scanning was switched off. */
export function outcomeOf(mode: Scanning["mode"], verdict: Verdict | null): Outcome {
  if (verdict?.is === "clean") return { status: "ready", scannedAt: new Date() };
  if (verdict?.is === "infected")
    return { status: "quarantined", threat: verdict.threat, scannedAt: new Date() };
  if (verdict?.is === "unscannable" && mode === "required")
    return { status: "quarantined", threat: `Unscannable: ${verdict.reason}`, scannedAt: new Date() };
  return { status: "ready" };
}
