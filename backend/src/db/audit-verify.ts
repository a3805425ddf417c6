import { sql } from "drizzle-orm";
import {
  EVENTS_PER_SEAL,
  eventsAfter,
  GENESIS,
  hashOf,
  instantOf,
  ofLog,
  type Position,
  type Seal,
  START,
} from "./audit-chain.ts";
import type { Database } from "./client.ts";

const SEALS_PER_PAGE = 1_000;

/** What is wrong with a seal, or with what it covers. */
export type Flaw = "seal_missing" | "seal_unlinked" | "events_missing" | "events_added" | "contents_changed";

/** The first seal that does not hold, and where its events lie. */
export interface Broken {
  readonly seal: number;
  readonly problem: Flaw;
  /** Id of the last event before it that is intact; null at the start of the log. */
  readonly afterEventId: string | null;
  /** Id of its own last event, and when it was sealed; null where the seal is missing. */
  readonly upToEventId: string | null;
  readonly sealedAt: string | null;
}

export interface Verdict {
  readonly valid: boolean;
  /** Events found intact. */
  readonly checked: number;
  readonly firstBroken: Broken | null;
}

type StoredSeal = Seal & { hash: string };
type Link = Position & { sequence: number; hash: string };

/**
 * Recomputes the chain of one log. A seal is the smallest unit that can be named: any change of its events, an event
 * too many or too few, and any change of the seal break it. Events not sealed yet are not looked at; and only a copy
 * of the last hash kept elsewhere shows that seals were cut off at the end together with their events.
 *
 * Reads some thousand rows at a time, each time by a statement of its own: neither the memory nor any statement grows
 * with the log, and nothing is held up meanwhile.
 *
 * @param organizationId the log's organization; null is the platform's log
 */
export async function verifyAuditLog(db: Database, organizationId: string | null): Promise<Verdict> {
  let checked = 0;
  let before: Link = { ...START, sequence: 0, hash: GENESIS };
  while (true) {
    const seals = await sealsAfter(db, organizationId, before.sequence);
    for (const some of inPortions(seals)) {
      const expected = some.reduce((sum, seal) => sum + sizeOf(seal), 0);
      // One more than there should be, so that an event put in between pushes another one over the end.
      const events = await eventsAfter(db, organizationId, before, { limit: expected + 1 });
      let next = 0;
      for (const seal of some) {
        const first = next;
        while (next < events.length && liesIn(seal, events[next])) next += 1;
        const problem = flawOf(seal, before, events.slice(first, next));
        if (problem) return { valid: false, checked, firstBroken: broken(problem, seal, before) };
        checked += seal.events;
        before = seal;
      }
    }
    if (seals.length < SEALS_PER_PAGE) return { valid: true, checked, firstBroken: null };
  }
}

async function sealsAfter(
  db: Database,
  organizationId: string | null,
  sequence: number,
): Promise<readonly StoredSeal[]> {
  const { rows } = await db.execute<StoredSeal>(sql`
    select id, ${instantOf(sql`at`)} as at, organization_id as "organizationId", sequence, to_xid::text as "toXid",
      to_id as "toId", events, previous_hash as "previousHash", hash
    from audit_seal where ${ofLog(organizationId)} and sequence > ${sequence}
    order by organization_id, sequence limit ${SEALS_PER_PAGE}`);
  return rows;
}

/** A forged number must not make us read the whole log at once. */
const sizeOf = ({ events }: Seal): number => Math.min(Math.max(events, 0), EVENTS_PER_SEAL);

/** Quiet logs have many seals of a few events: those are read together, up to what one seal may hold. */
function* inPortions(seals: readonly StoredSeal[]): Generator<readonly StoredSeal[]> {
  let portion: StoredSeal[] = [];
  let events = 0;
  for (const seal of seals) {
    if (portion.length > 0 && events + sizeOf(seal) > EVENTS_PER_SEAL) {
      yield portion;
      portion = [];
      events = 0;
    }
    portion.push(seal);
    events += sizeOf(seal);
  }
  if (portion.length > 0) yield portion;
}

/** Ids are lower case, so that they sort as text like the database sorts them. */
function liesIn({ toXid, toId }: Position, event: { xid: string; id: string } | undefined): boolean {
  if (!event) return false;
  const [xid, end] = [BigInt(event.xid), BigInt(toXid)];
  return xid < end || (xid === end && event.id <= toId);
}

function flawOf(
  seal: StoredSeal,
  before: Link,
  events: Awaited<ReturnType<typeof eventsAfter>>,
): Flaw | null {
  if (seal.sequence !== before.sequence + 1) return "seal_missing";
  if (seal.previousHash !== before.hash) return "seal_unlinked";
  if (events.length < seal.events) return "events_missing";
  if (events.length > seal.events) return "events_added";
  return hashOf(seal, events) === seal.hash ? null : "contents_changed";
}

function broken(problem: Flaw, seal: StoredSeal, before: Link): Broken {
  const isGone = problem === "seal_missing";
  return {
    seal: before.sequence + 1,
    problem,
    afterEventId: before.sequence === 0 ? null : before.toId,
    upToEventId: isGone ? null : seal.toId,
    sealedAt: isGone ? null : seal.at,
  };
}
