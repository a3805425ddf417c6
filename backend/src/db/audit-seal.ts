import { type SQL, sql } from "drizzle-orm";
import { NIL, v7 as uuidv7 } from "uuid";
import { AppError } from "../errors.ts";
import { EVENTS_PER_SEAL, eventsAfter, GENESIS, hashOf, ofLog, type Position, START } from "./audit-chain.ts";
import type { Database, Transaction } from "./client.ts";
import { auditSeal } from "./schema/index.ts";

/** Transactions below it have all ended, so no event with such an xid can still turn up. */
const SETTLED = sql`audit_xid(pg_snapshot_xmin(pg_current_snapshot()))`;

/** Logs with settled events behind their last seal. Looks at one index entry a log, however long the logs are. */
async function logsToSeal(db: Database): Promise<(string | null)[]> {
  // The event is looked up below the seal, by one index search, and not joined to it: that would walk the whole log.
  const unsealed = (log: SQL) => sql`exists (
    select 1 from (values (1)) once
    left join lateral (
      select to_xid, to_id from audit_seal where ${log} order by organization_id desc, sequence desc limit 1
    ) last on true
    cross join lateral (
      select 1 from audit_event
      where ${log} and xid < ${SETTLED} and (xid, id) > (coalesce(to_xid, '0'), coalesce(to_id, ${NIL}::uuid))
      limit 1
    ) pending
  )`;
  const { rows } = await db.execute<{ log: string | null }>(sql`
    with recursive logs(log) as (
      (select organization_id from audit_event where organization_id is not null order by organization_id limit 1)
      union all
      select (select organization_id from audit_event where organization_id > log order by organization_id limit 1)
      from logs where log is not null
    )
    select log from logs where log is not null and ${unsealed(sql`organization_id = log`)}
    union all
    select null where ${unsealed(sql`organization_id is null`)}`);
  return rows.map(({ log }) => log);
}

/** Extends the chain of one log by one link; answers the number of events in it, 0 when there was nothing to do. */
async function sealOnce(tx: Transaction, organizationId: string | null): Promise<number> {
  const key = `audit_seal:${organizationId ?? "platform"}`;
  const {
    rows: [lock],
  } = await tx.execute<{ mine: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended(${key}, 0)) as mine`,
  );
  if (!lock?.mine) return 0;
  const {
    rows: [last],
  } = await tx.execute<Position & { sequence: number; hash: string }>(sql`
    select sequence, hash, to_xid::text as "toXid", to_id as "toId" from audit_seal
    where ${ofLog(organizationId)} order by organization_id desc, sequence desc limit 1`);
  const events = await eventsAfter(tx, organizationId, last ?? START, {
    limit: EVENTS_PER_SEAL,
    only: sql`xid < ${SETTLED}`,
  });
  const end = events.at(-1);
  if (!end) return 0;
  const at = new Date();
  const seal = {
    id: uuidv7(),
    organizationId,
    sequence: (last?.sequence ?? 0) + 1,
    toXid: end.xid,
    toId: end.id,
    events: events.length,
    previousHash: last?.hash ?? GENESIS,
  };
  const hash = hashOf({ ...seal, at: at.toISOString().replace("Z", "000Z") }, events);
  await tx.insert(auditSeal).values({ ...seal, at, hash });
  return events.length;
}

/**
 * Chains every settled event of every log into `audit_seal`. Sealers may run side by side: each log has one at a
 * time, the others pass it by.
 *
 * @returns the number of events sealed
 * @throws AppError internal when the database's transaction counter lies behind the last seal, as after loading a
 *   dump into a new cluster by hand: events written there sort before sealed ones and could not be told from forged
 *   ones (`startAuditEpoch` is what a restore does about it)
 */
export async function sealAuditEvents(db: Database): Promise<number> {
  const {
    rows: [newest],
  } = await db.execute<{ ahead: boolean }>(sql`
    select to_xid >= audit_xid(pg_snapshot_xmax(pg_current_snapshot())) as ahead from audit_seal order by id desc limit 1`);
  if (newest?.ahead)
    throw new AppError("internal", "The last audit seal is ahead of the database's transactions.");
  let sealed = 0;
  for (const log of await logsToSeal(db)) {
    let events: number;
    do {
      events = await db.transaction((tx) => sealOnce(tx, log));
      sealed += events;
    } while (events === EVENTS_PER_SEAL);
  }
  return sealed;
}
