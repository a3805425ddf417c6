import { eq } from "drizzle-orm";
import { fileQuarantinedMail } from "../../adapters/mail/templates.ts";
import type { Transaction } from "../../db/client.ts";
import { user } from "../../db/schema/index.ts";
import type { FilesDeps } from "./files.deps.ts";
import type { FileRow } from "./files.rows.ts";

type Deps = Pick<FilesDeps, "audit" | "queue" | "frontendUrl">;

/** Writes into the log that a file is locked away, and to its uploader. */
export async function tellQuarantined(
  tx: Transaction,
  { audit, queue, frontendUrl }: Deps,
  row: FileRow,
  threat: string,
): Promise<void> {
  await audit.record(tx, null, {
    action: "file.quarantined",
    organizationId: row.organizationId,
    target: { type: "file", id: row.id },
    changes: { target: row.target, threat },
  });
  const [uploader] = await tx
    .select({ email: user.email, name: user.name })
    .from(user)
    .where(eq(user.id, row.uploadedBy));
  if (!uploader) return;
  const { email: to, name } = uploader;
  await queue.enqueue("mail", fileQuarantinedMail({ to, name, url: frontendUrl }), tx);
}

/** Writes into the log that a file is served although the scanner could not look at all of it. */
export const tellUnscanned = (
  tx: Transaction,
  { audit }: Deps,
  row: FileRow,
  reason: string,
): Promise<void> =>
  audit.record(tx, null, {
    action: "file.unscanned",
    organizationId: row.organizationId,
    target: { type: "file", id: row.id },
    changes: { target: row.target, reason },
  });
