import { createHash } from "node:crypto";
import { and, desc, eq, inArray, sql } from "drizzle-orm";
import type { AuditLog } from "../../adapters/audit/port.ts";
import { newSignInMail } from "../../adapters/mail/templates.ts";
import type { QueuePort } from "../../adapters/queue/port.ts";
import { lockPerson } from "../../auth/account-security.ts";
import type { Origin } from "../../auth/actor.ts";
import type { Database, Transaction } from "../../db/client.ts";
import { knownDevice, session, user } from "../../db/schema/index.ts";
import { networkOf } from "../../http/client-ip.ts";

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly queue: QueuePort;
  readonly frontendUrl: string;
  /** Auth sessions a person may have at a time; undefined is no limit. */
  readonly maxConcurrent: number | undefined;
}

export type Devices = ReturnType<typeof createDevices>;

interface Place {
  readonly origin: Origin;
  readonly userAgent: string | undefined;
}

/** Known of a person at a time; those seen longest ago make room. */
const maxPlaces = 100;

/** How a place is recognised: the app and the network. */
export const fingerprintOf = ({ origin, userAgent }: Place): string =>
  createHash("sha256")
    .update(`${userAgent ?? ""}\n${networkOf(origin.ip)}`)
    .digest("hex");

/** Knows where people sign in from, tells them of a new place, and keeps the number of their sessions down. */
export function createDevices({ db, audit, queue, frontendUrl, maxConcurrent }: Deps) {
  /** Notes that somebody was here, to the day: most sign-ins write nothing for it. */
  async function isKnown(on: Database | Transaction, userId: string, fingerprint: string): Promise<boolean> {
    const { rows } = await on.execute(sql`
      with seen as (
        update known_device set last_seen_at = now()
        where user_id = ${userId} and fingerprint = ${fingerprint} and last_seen_at < now() - interval '1 day'
      )
      select 1 from known_device where user_id = ${userId} and fingerprint = ${fingerprint}`);
    return rows.length > 0;
  }

  async function forgetOldest(tx: Transaction, userId: string): Promise<void> {
    const surplus = tx
      .select({ fingerprint: knownDevice.fingerprint })
      .from(knownDevice)
      .where(eq(knownDevice.userId, userId))
      .orderBy(desc(knownDevice.lastSeenAt))
      .offset(maxPlaces);
    await tx
      .delete(knownDevice)
      .where(and(eq(knownDevice.userId, userId), inArray(knownDevice.fingerprint, surplus)));
  }

  /** Whether this place is news, and not merely the first one we hear of. */
  async function isNews(tx: Transaction, userId: string, fingerprint: string): Promise<boolean> {
    const [seen] = await tx
      .insert(knownDevice)
      .values({ userId, fingerprint })
      .onConflictDoNothing()
      .returning({
        others: sql<boolean>`exists (select 1 from known_device other
          where other.user_id = ${userId} and other.fingerprint <> ${fingerprint})`,
      });
    return seen?.others ?? false;
  }

  async function endOldest(tx: Transaction, userId: string, keep: string, limit: number): Promise<void> {
    await lockPerson(tx, userId);
    const surplus = tx
      .select({ id: session.id })
      .from(session)
      .where(eq(session.userId, userId))
      // Unless another sign-in ended it already, and has left as many as are allowed.
      .orderBy(desc(eq(session.token, keep)), desc(session.id))
      .offset(limit);
    await tx.delete(session).where(inArray(session.id, surplus));
  }

  return {
    /** Whether somebody signed in to this account from this very place before. */
    async knows(owner: { email: string } | { id: string }, place: Place): Promise<boolean> {
      const [known] = await db
        .select({ userId: knownDevice.userId })
        .from(knownDevice)
        .innerJoin(user, eq(user.id, knownDevice.userId))
        .where(
          and(
            "email" in owner ? eq(user.email, owner.email) : eq(user.id, owner.id),
            eq(knownDevice.fingerprint, fingerprintOf(place)),
          ),
        );
      return known !== undefined;
    },

    /**
     * @param on where nothing else is to be undone with it, or what it is a part of
     * @param token the raw token of the session that just began
     */
    async began(on: Database | Transaction, userId: string, token: string, place: Place): Promise<void> {
      const { origin, userAgent } = place;
      if (maxConcurrent !== undefined)
        await on.transaction((tx) => endOldest(tx, userId, token, maxConcurrent));
      const fingerprint = fingerprintOf(place);
      if (await isKnown(on, userId, fingerprint)) return;
      await on.transaction(async (tx) => {
        const person = await lockPerson(tx, userId);
        if (!person || !(await isNews(tx, userId, fingerprint))) return;
        await forgetOldest(tx, userId);
        const { email: to, name } = person;
        const url = `${frontendUrl}/reset-password`;
        await queue.enqueue("mail", newSignInMail({ to, name, url, device: userAgent, ip: origin.ip }), tx);
        await audit.record(
          tx,
          { userId, origin },
          {
            action: "user.new_device",
            organizationId: null,
            target: { type: "user", id: userId },
          },
        );
      });
    },
  };
}
