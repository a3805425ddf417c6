import { createHash } from "node:crypto";
import { type SQL, sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { AppError } from "../errors.ts";
import type { Database, Transaction } from "./client.ts";
import { auditSeal } from "./schema/index.ts";

const EVENTS_PER_SEAL = 1_000;
const SEALS_PER_PAGE = 500;
const GENESIS = "0".repeat(64);
const NIL = "00000000-0000-0000-0000-000000000000";

/** A position in a log: events are ordered by (xid, id). */
interface Position extends Record<string, unknown> {
  readonly toXid: string;
  readonly toId: string;
}

interface Seal extends Position {
  readonly id: string;
  /** With microseconds, in UTC. */
  readonly at: string;
  readonly organizationId: string | null;
  readonly sequence: number;
  readonly events: number;
  readonly previousHash: string;
}

interface EventRow extends Record<string, unknown> {
  readonly id: string;
  readonly xid: string;
  /** Every column, spelled by PostgreSQL independently of the session: nothing is lost on the way to the hash. */
  readonly line: string;
}

const START: Position = { toXid: "0", toId: NIL };

const instant = (column: SQL) => sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

// `is not distinct from` would say both, but cannot use an index.
const ofLog = (organizationId: string | null) =>
  organizationId === null ? sql`organization_id is null` : sql`organization_id = ${organizationId}`;

/** Transactions below it have all ended, so no event with such an xid can still turn up. */
const SETTLED = sql`pg_snapshot_xmin(pg_current_snapshot())`;

async function eventsIn(
  db: Database | Transaction,
  organizationId: string | null,
  from: Position,
  upTo: SQL,
  limit: number,
): Promise<readonly EventRow[]> {
  const { rows } = await db.execute<EventRow>(sql`
    select id, xid::text as xid, json_build_array(
      id::text, ${instant(sql`at`)}, organization_id::text, xid::text, action, actor_type, actor_id::text,
      target_type, target_id, result, ip, client, request_id, changes::text
    )::text as line
    from audit_event
    where ${ofLog(organizationId)} and (xid, id) > (${from.toXid}::text::xid8, ${from.toId}::uuid) and ${upTo}
    order by audit_event.xid, audit_event.id
    limit ${limit}`);
  return rows;
}

function hashOf(seal: Seal, events: readonly EventRow[]): string {
  const { id, at, organizationId, sequence, toXid, toId, previousHash } = seal;
  const hash = createHash("sha256");
  const header = [id, at, organizationId, sequence, toXid, toId, seal.events, previousHash];
  for (const line of [JSON.stringify(header), ...events.map((event) => event.line)]) hash.update(`${line}\n`);
  return hash.digest("hex");
}

/** Logs with settled events behind their last seal. Looks at one index entry a log, however long the logs are. */
async function logsToSeal(db: Database): Promise<(string | null)[]> {
  // The event is looked up below the seal, by one index search, and not joined to it: that would walk the whole log.
  const unsealed = (log: SQL) => sql`exists (
    select 1 from (values (1)) once
    left join lateral (
      select to_xid, to_id from audit_seal where ${log} order by sequence desc limit 1
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
    where ${ofLog(organizationId)} order by sequence desc limit 1`);
  const events = await eventsIn(tx, organizationId, last ?? START, sql`xid < ${SETTLED}`, EVENTS_PER_SEAL);
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
 *   dump into a new cluster: events written there sort before sealed ones and could not be told from forged ones
 */
export async function sealAuditEvents(db: Database): Promise<number> {
  const {
    rows: [newest],
  } = await db.execute<{ ahead: boolean }>(sql`
    select to_xid >= pg_snapshot_xmax(pg_current_snapshot()) as ahead from audit_seal order by id desc limit 1`);
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

/**
 * Recomputes the chain of one log. A seal is the smallest unit that can be named: any change of its events, an event
 * too many or too few, and any change of the seal break it. Events not sealed yet are not looked at; and only a copy
 * of the last hash kept elsewhere shows that seals were cut off at the end together with their events.
 *
 * @param organizationId the log's organization; null is the platform's log
 * @returns `checked`: events found intact; `firstBroken`: "seal <sequence>: <what is wrong>"
 */
export async function verifyAuditLog(
  db: Database,
  organizationId: string | null,
): Promise<{ valid: boolean; checked: number; firstBroken: string | null }> {
  let checked = 0;
  let before: Position & { sequence: number; hash: string } = { ...START, sequence: 0, hash: GENESIS };
  const broken = (sequence: number, what: string) => ({
    valid: false,
    checked,
    firstBroken: `seal ${sequence}: ${what}`,
  });
  while (true) {
    const { rows: seals } = await db.execute<Seal & { hash: string }>(sql`
      select id, ${instant(sql`at`)} as at, organization_id as "organizationId", sequence, to_xid::text as "toXid",
        to_id as "toId", events, previous_hash as "previousHash", hash
      from audit_seal where ${ofLog(organizationId)} and sequence > ${before.sequence}
      order by sequence limit ${SEALS_PER_PAGE}`);
    for (const seal of seals) {
      if (seal.sequence !== before.sequence + 1) return broken(before.sequence + 1, "is missing");
      if (seal.previousHash !== before.hash) return broken(seal.sequence, "does not follow the one before");
      const upTo = sql`(xid, id) <= (${seal.toXid}::text::xid8, ${seal.toId}::uuid)`;
      const events = await eventsIn(db, organizationId, before, upTo, seal.events + 1);
      if (events.length !== seal.events)
        return broken(
          seal.sequence,
          events.length < seal.events ? "events are missing" : "events were added",
        );
      if (hashOf(seal, events) !== seal.hash) return broken(seal.sequence, "its contents were changed");
      checked += events.length;
      before = seal;
    }
    if (seals.length < SEALS_PER_PAGE) return { valid: true, checked, firstBroken: null };
  }
}
