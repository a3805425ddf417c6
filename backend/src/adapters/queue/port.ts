import type { Transaction } from "../../db/client.ts";
import type { MailMessage } from "../mail/port.ts";

/** Every job there is, by queue name, with what it carries. Handlers are idempotent: a job may run twice. */
export interface Jobs {
  mail: MailMessage;
  /** Copies and verifies an upload that is too large to do it inside the request. */
  "file-verify": { fileId: string; stagingKey: string; sha256: string | null };
  /** Has a checked upload looked at by the malware scanner. */
  "file-scan": { fileId: string };
  /** Removes objects from the store. */
  "object-delete": { keys: string[] };
}

export type JobName = keyof Jobs;

/** The transactional outbox: with `tx`, the job exists exactly if the transaction commits. */
export interface QueuePort {
  enqueue<N extends JobName>(name: N, data: Jobs[N], tx?: Transaction): Promise<void>;
}

export interface CheckedQueue extends QueuePort {
  /** @throws AppError unavailable when no job could be enqueued now */
  check(): Promise<void>;
}

/**
 * A handler that rejects is called again, with growing delays; AppError `validation_failed` and `unprocessable` mean
 * that this is of no use, and the job is put aside at once.
 */
export type JobHandlers = { [N in JobName]: (data: Jobs[N]) => Promise<void> };

/** Work that comes round by the clock, once over all instances. */
export interface Schedule {
  readonly name: string;
  /** Cron of five fields, in UTC: at most once a minute. */
  readonly cron: string;
  run(): Promise<void>;
}
