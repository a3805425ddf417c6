import type { Scanning } from "../../adapters/scanner/port.ts";
import { AppError } from "../../errors.ts";
import type { FileRow } from "./files.rows.ts";

type State = Pick<FileRow, "status" | "scannedAt">;

/** The status as everybody sees it: where a scan is required, a file from before that waits like a new one. */
export const statusOf = (
  { status, scannedAt }: State,
  { mode }: Pick<Scanning, "mode">,
): FileRow["status"] =>
  status === "ready" && mode === "required" && scannedAt === null ? "processing" : status;

/**
 * @param knownIn the owning organization if the caller belongs to it: its log gets the refusal
 * @throws AppError `scan_pending`, `quarantined`, `invalid_state` while or because its bytes may not be served
 */
export function assertServable(row: State, scanning: Pick<Scanning, "mode">, knownIn: string | null): void {
  const status = statusOf(row, scanning);
  if (status === "processing")
    throw new AppError("scan_pending", "The file is still being checked", { retryAfter: 2 });
  if (status === "quarantined")
    throw new AppError("quarantined", "The file is in quarantine", { organizationId: knownIn ?? undefined });
  if (status === "rejected") throw new AppError("invalid_state", "The upload was not what was promised");
}
