import { sql } from "drizzle-orm";
import type { Transaction } from "../../db/client.ts";
import { anomalySignal } from "../../db/schema/index.ts";
import type { Rule } from "./anomalies.rules.ts";

/** Transactions of the audit log: from the first on, below the second. */
export interface Stretch {
  readonly from: string;
  readonly below: string;
}

/** A subject that a rule's threshold was reached by. */
export interface Suspicion {
  readonly rule: string;
  readonly log: string;
  readonly subject: string;
  /** The most there were within the rule's time. */
  readonly count: number;
}

/**
 * Takes the events that are to be judged next, for this transaction alone. Events are taken once every transaction that
 * began before them has ended, so that none can still turn up behind the mark; the mark moves in the transaction
 * that judges, so that none is left out or counted twice, whatever dies.
 *
 * @returns null while another worker judges
 */
export async function nextStretch(tx: Transaction): Promise<Stretch | null> {
  // A log that nobody judged so far begins now.
  await tx.execute(sql`
    insert into anomaly_watermark (xid) values (audit_xid(pg_snapshot_xmin(pg_current_snapshot())))
    on conflict do nothing`);
  const {
    rows: [mark],
  } = await tx.execute<{ from: string }>(
    sql`select xid::text as "from" from anomaly_watermark for update skip locked`,
  );
  if (!mark) return null;
  const {
    rows: [moved],
  } = await tx.execute<{ below: string }>(sql`
    update anomaly_watermark set xid = audit_xid(pg_snapshot_xmin(pg_current_snapshot())) returning xid::text as below`);
  return moved ? { ...mark, ...moved } : null;
}

/** Counts new events into signals, by the minute in which they happened. */
export async function collect(
  tx: Transaction,
  { name, events, logs }: Rule,
  stretch: Stretch,
): Promise<void> {
  if (!events) return;
  await tx.execute(sql`
    insert into ${anomalySignal} (rule, log, subject, minute, detail, count)
    select ${name}::text, coalesce(organization_id::text, 'platform'), ${events.subject}, date_trunc('minute', at),
      ${events.detail ?? sql`''`}, count(*)
    from audit_event
    where xid >= ${stretch.from}::xid8 and xid < ${stretch.below}::xid8 and ${events.where}
      and ${events.subject} is not null ${logs === "platform" ? sql`and organization_id is null` : sql``}
    group by 2, 3, 4, 5
    on conflict (rule, log, subject, minute, detail)
    do update set count = anomaly_signal.count + excluded.count, fresh = true`);
}

/**
 * Judges every subject whose signals grew, in each span of time that the growth is part of: also one that began before
 * it, or ended after it, because transactions commit out of order. What is being written at this moment is for
 * the next time.
 */
export async function judge(tx: Transaction, rules: readonly Rule[]): Promise<Suspicion[]> {
  const column = (name: keyof Rule) => sql.param(rules.map((rule) => rule[name]));
  const { rows } = await tx.execute<Suspicion & Record<string, unknown>>(sql`
    with rules as (
      select * from unnest(${column("name")}::text[], ${column("threshold")}::int[], ${column("minutes")}::int[],
        ${column("different")}::boolean[]) as rules(rule, threshold, minutes, different)
    ), taken as (
      select rule, log, subject, minute, detail from anomaly_signal where fresh for update skip locked
    ), grown as (
      update anomaly_signal s set fresh = false from taken t
      where (s.rule, s.log, s.subject, s.minute, s.detail) = (t.rule, t.log, t.subject, t.minute, t.detail)
      returning s.rule, s.log, s.subject, s.minute
    ), subjects as (
      select rule, log, subject, min(minute) as first, max(minute) as last from grown group by 1, 2, 3
    )
    select rule, log, subject, max(spans.total)::int as count
    from subjects join rules using (rule)
    cross join lateral (
      select distinct minute from anomaly_signal
      where (rule, log, subject) = (subjects.rule, subjects.log, subjects.subject)
        and minute between first and last + minutes * interval '1 minute'
    ) ends
    cross join lateral (
      select case when different then count(distinct detail) else sum(count) end as total from anomaly_signal
      where (rule, log, subject) = (subjects.rule, subjects.log, subjects.subject)
        and minute between ends.minute - minutes * interval '1 minute' and ends.minute
    ) spans
    where spans.total >= threshold
    group by rule, log, subject`);
  return rows;
}

/** Longer than any rule looks back. */
const keptHours = 3;

/** Signals are kept for as long as a rule may still look at them. */
export async function forget(tx: Transaction): Promise<void> {
  await tx.execute(sql`
    delete from anomaly_signal where minute < now() - ${keptHours} * interval '1 hour' and not fresh`);
}
