import type { AuditLog } from "../../adapters/audit/port.ts";
import type { ImagesPort } from "../../adapters/images/port.ts";
import type { QueuePort } from "../../adapters/queue/port.ts";
import type { Scanning } from "../../adapters/scanner/port.ts";
import type { StoragePort } from "../../adapters/storage/port.ts";
import type { Database } from "../../db/client.ts";
import type { TargetName } from "./files.targets.ts";

/** What the verbs of this feature are built of. */
export interface FilesDeps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly queue: QueuePort;
  readonly storage: StoragePort;
  readonly scanning: Scanning;
  /** Base of the web client, for links in mails. */
  readonly frontendUrl: string;
  readonly images: ImagesPort;
  /** Whether an uploaded picture stays beside the sizes made of it. */
  readonly imageOriginals: "keep" | "drop";
  /** Resolves when the store answered a moment ago; rejects with `unavailable`. */
  readonly storageIsUp: () => Promise<void>;
  /** Largest upload by target, bytes. */
  readonly limits: Readonly<Record<TargetName, number>>;
  /** Bytes of an organization's files where it has no quota of its own; null is no limit. */
  readonly quotaBytes: number | null;
}
