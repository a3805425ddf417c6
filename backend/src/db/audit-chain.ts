import { createHash } from "node:crypto";
import { type SQL, sql } from "drizzle-orm";
import { NIL } from "uuid";
import type { Database, Transaction } from "./client.ts";

/** More never go into one seal, however many wait. */
export const EVENTS_PER_SEAL = 1_000;
/** What the first seal of a log follows. */
export const GENESIS = "0".repeat(64);

/** A position in a log: events are ordered by (xid, id). */
export interface Position extends Record<string, unknown> {
  readonly toXid: string;
  readonly toId: string;
}

export interface Seal extends Position {
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

export const START: Position = { toXid: "0", toId: NIL };

export const instantOf = (column: SQL) =>
  sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/**
 * Order by `organization_id` first, too: a null is no constant to the planner, and without it an index search in the
 * platform's log turns into sorting all of it. (`is not distinct from` would say both, but cannot use an index.)
 */
export const ofLog = (organizationId: string | null) =>
  organizationId === null ? sql`organization_id is null` : sql`organization_id = ${organizationId}`;

/** The next events of a log behind a position, in the order in which they are sealed. */
export async function eventsAfter(
  db: Database | Transaction,
  organizationId: string | null,
  { toXid, toId }: Position,
  { limit, only = sql`true` }: { limit: number; only?: SQL },
): Promise<readonly EventRow[]> {
  const { rows } = await db.execute<EventRow>(sql`
    select id, xid::text as xid, json_build_array(
      id::text, ${instantOf(sql`at`)}, organization_id::text, xid::text, action, actor_type, actor_id::text,
      target_type, target_id, result, ip, client, request_id, changes::text
    )::text as line
    from audit_event
    where ${ofLog(organizationId)} and (xid, id) > (${toXid}::text::xid8, ${toId}::uuid) and ${only}
    order by audit_event.organization_id, audit_event.xid, audit_event.id
    limit ${limit}`);
  return rows;
}

export function hashOf(seal: Seal, events: readonly EventRow[]): string {
  const { id, at, organizationId, sequence, toXid, toId, previousHash } = seal;
  const hash = createHash("sha256");
  const header = [id, at, organizationId, sequence, toXid, toId, seal.events, previousHash];
  for (const line of [JSON.stringify(header), ...events.map((event) => event.line)]) hash.update(`${line}\n`);
  return hash.digest("hex");
}
