import { createHash } from "node:crypto";
import { sql } from "drizzle-orm";
import type { AuditLog } from "../adapters/audit/port.ts";
import type { LimiterPort } from "../adapters/limiter/port.ts";
import type { Database } from "../db/client.ts";
import type { Origin } from "./actor.ts";

/** Where a request comes from: address and app. */
export interface Place {
  readonly origin: Origin;
  readonly userAgent: string | undefined;
}

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly limiter: LimiterPort;
  /** As known devices are recognised. */
  readonly fingerprintOf: (place: Place) => string;
  readonly log: { error(details: object, message: string): void };
}

/** Told of tokens that we signed and that open nothing. */
export interface EndedSessions {
  /** Leaves an audit event if the token belongs to an auth session that was ended before its time. Rejects never. */
  used(rawToken: string, place: Place): Promise<void>;
}

/** What an app asks for at the same time counts once. */
const onceIn = { max: 1, window: 2 };
/** However long a token is tried: as many as a rule counts, and nobody can fill the log. */
const toldOf = { max: 5, window: 60 * 60 };

export function createEndedSessions({ db, audit, limiter, fingerprintOf, log }: Deps): EndedSessions {
  async function look(rawToken: string, place: Place): Promise<void> {
    const tokenHash = createHash("sha256").update(rawToken).digest("hex");
    const fingerprint = fingerprintOf(place);
    const once = await limiter.consume(`ended-session:${tokenHash}:${fingerprint}`, onceIn);
    if (!once.allowed) return;
    const {
      rows: [ended],
    } = await db.execute<{ userId: string; known: boolean }>(sql`
      select e.user_id as "userId", exists (select 1 from known_device d
        where d.user_id = e.user_id and d.fingerprint = ${fingerprint}) as known
      from ended_session e where e.token_hash = ${tokenHash} and e.expires_at > now()`);
    if (!ended) return;
    const reason = ended.known ? "known_place" : "unknown_place";
    // Apart, so that the owner's own app cannot hide a thief.
    const told = await limiter.consume(`ended-session:${tokenHash}:${reason}`, toldOf);
    if (!told.allowed) return;
    await audit.denied({
      action: "user.ended_session_used",
      // Whoever holds the token: the owner, or a thief.
      actorId: null,
      origin: place.origin,
      organizationId: null,
      target: { type: "user", id: ended.userId },
      reason,
    });
  }

  return {
    used: (rawToken, place) =>
      look(rawToken, place).catch((error: unknown) =>
        log.error({ err: error, requestId: place.origin.requestId }, "use of an ended session not audited"),
      ),
  };
}
