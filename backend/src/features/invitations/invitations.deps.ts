import type { AuditLog } from "../../adapters/audit/port.ts";
import type { LimiterPort } from "../../adapters/limiter/port.ts";
import type { QueuePort } from "../../adapters/queue/port.ts";
import type { Database } from "../../db/client.ts";

/** What the verbs of this feature are built of. */
export interface InvitationsDeps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly queue: QueuePort;
  readonly limiter: LimiterPort;
  /** Base of the web client; links in mails lead there. */
  readonly frontendUrl: string;
  /** Whether an address has to be verified. */
  readonly verifiesAddresses: boolean;
}
