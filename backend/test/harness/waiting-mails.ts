import { createDataKeys } from "../../src/adapters/data-keys/aes-gcm.ts";
import type { MailMessage } from "../../src/adapters/mail/port.ts";
import { openData, type SealedData } from "../../src/adapters/queue/sealed-data.ts";
import type { TestApp } from "./app.ts";

interface MailJob extends MailMessage {
  readonly id: string;
  readonly state: string;
  readonly retries: number;
}

/** Mails in the queue, also those that were sent within the hour, opened with the application's keys; oldest first. */
export async function mailJobs(app: Pick<TestApp, "deps">): Promise<MailJob[]> {
  const keys = createDataKeys(app.deps.live.current.dataKeys);
  const rows = await app.deps.database.sql<
    { data: SealedData; id: string; state: string; retries: number }[]
  >`
    select id, data, state::text, retry_count as retries from pgboss.job where name = 'mail' order by created_on, id`;
  return rows.map(({ data, ...job }) => ({ ...job, ...openData(keys, "mail", data, 1) }));
}

export const mailJobsTo = async (app: Pick<TestApp, "deps">, email: string): Promise<MailJob[]> =>
  (await mailJobs(app)).filter(({ to }) => to === email);
