import type { Transaction } from "../../db/client.ts";
import type { MailMessage } from "../mail/port.ts";

/** Every job there is, by queue name, with what it carries. Handlers are idempotent: a job may run twice. */
export interface Jobs {
  mail: MailMessage;
  /** Copies and verifies an upload that is too large to do it inside the request. */
  "file-verify": { fileId: string };
  /** Removes objects from the store. */
  "object-delete": { keys: string[] };
}

export type JobName = keyof Jobs;

/** The transactional outbox: with `tx`, the job exists exactly if the transaction commits. */
export interface QueuePort {
  enqueue<N extends JobName>(name: N, data: Jobs[N], tx?: Transaction): Promise<void>;
}

export type JobHandlers = { [N in JobName]: (data: Jobs[N]) => Promise<void> };

/** Work that comes round by the clock, once over all instances. */
export interface Schedule {
  readonly name: string;
  /** Cron, in UTC. */
  readonly cron: string;
  run(): Promise<void>;
}
