import { sql } from "drizzle-orm";
import type { Transaction } from "../../db/client.ts";
import type { Suspicion } from "./anomalies.signals.ts";

/** What nobody was written to about yet. */
export interface Finding extends Suspicion {
  /** RFC 3339, UTC. */
  readonly foundAt: string;
}

/** A rule does not speak of the same subject again for so long. */
export const coolDownMinutes = 60;
/** Mails about one log are at least so far apart: what is found meanwhile goes with the next one. */
export const mailPauseMinutes = 10;

/** Keeps the suspicions that are news, and remembers them. */
export async function onlyNews(tx: Transaction, suspicions: readonly Suspicion[]): Promise<Suspicion[]> {
  if (suspicions.length === 0) return [];
  const column = (name: keyof Suspicion) => sql.param(suspicions.map((one) => one[name]));
  const { rows } = await tx.execute<Suspicion & Record<string, unknown>>(sql`
    insert into anomaly_finding (rule, log, subject, count)
    select * from unnest(${column("rule")}::text[], ${column("log")}::text[], ${column("subject")}::text[],
      ${column("count")}::int[])
    on conflict (rule, log, subject)
    do update set count = excluded.count, found_at = now(), told_at = null
      where anomaly_finding.found_at <= now() - ${coolDownMinutes} * interval '1 minute'
    returning rule, log, subject, count`);
  return rows;
}

/** Takes what is to be told now; each finding is handed out once. */
export async function takeUntold(tx: Transaction): Promise<Finding[]> {
  const { rows } = await tx.execute<Finding & Record<string, unknown>>(sql`
    update anomaly_finding f set told_at = now()
    where told_at is null and not exists (
      select 1 from anomaly_finding t
      where t.log = f.log and t.told_at > now() - ${mailPauseMinutes} * interval '1 minute')
    returning rule, log, subject, count, to_char(found_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "foundAt"`);
  return rows;
}

/** Findings are kept for a day; the audit log keeps them for good. */
export async function forgetOld(tx: Transaction): Promise<void> {
  await tx.execute(
    sql`delete from anomaly_finding where found_at < now() - interval '1 day' and told_at is not null`,
  );
}
