import { createHash } from "node:crypto";
import { and, desc, eq, inArray, ne, sql } from "drizzle-orm";
import type { AuditLog } from "../../adapters/audit/port.ts";
import { newSignInMail } from "../../adapters/mail/templates.ts";
import type { QueuePort } from "../../adapters/queue/port.ts";
import type { Origin } from "../../auth/actor.ts";
import type { Database } from "../../db/client.ts";
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

/** Knows where people sign in from, tells them of a new place, and keeps the number of their sessions down. */
export function createDevices({ db, audit, queue, frontendUrl, maxConcurrent }: Deps) {
  const fingerprintOf = ({ origin, userAgent }: Place): string =>
    createHash("sha256")
      .update(`${userAgent ?? ""}\n${networkOf(origin.ip)}`)
      .digest("hex");

  /** Whether this place is news, and not merely the first one we hear of. */
  async function isNews(userId: string, fingerprint: string): Promise<boolean> {
    const [seen] = await db
      .insert(knownDevice)
      .values({ userId, fingerprint })
      .onConflictDoUpdate({
        target: [knownDevice.userId, knownDevice.fingerprint],
        set: { lastSeenAt: sql`now()` },
      })
      .returning({
        inserted: sql<boolean>`xmax = 0`,
        others: sql<boolean>`exists (select 1 from known_device other
          where other.user_id = ${userId} and other.fingerprint <> ${fingerprint})`,
      });
    return Boolean(seen?.inserted && seen.others);
  }

  async function endOldest(userId: string, keep: string, limit: number): Promise<void> {
    const surplus = db
      .select({ id: session.id })
      .from(session)
      .where(and(eq(session.userId, userId), ne(session.token, keep)))
      .orderBy(desc(session.id))
      .offset(limit - 1);
    await db.delete(session).where(inArray(session.id, surplus));
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

    /** @param token the raw token of the session that just began */
    async began(userId: string, token: string, place: Place): Promise<void> {
      const { origin, userAgent } = place;
      if (maxConcurrent !== undefined) await endOldest(userId, token, maxConcurrent);
      if (!(await isNews(userId, fingerprintOf(place)))) return;
      const [person] = await db
        .select({ email: user.email, name: user.name })
        .from(user)
        .where(eq(user.id, userId));
      if (!person) return;
      const url = `${frontendUrl}/reset-password`;
      await queue.enqueue(
        "mail",
        newSignInMail({ to: person.email, name: person.name, url, device: userAgent, ip: origin.ip }),
      );
      await audit.happened({
        action: "user.new_device",
        actorId: userId,
        origin,
        organizationId: null,
        target: { type: "user", id: userId },
      });
    },
  };
}
