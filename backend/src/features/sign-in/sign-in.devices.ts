import { createHash } from "node:crypto";
import { and, desc, eq, inArray, ne, sql } from "drizzle-orm";
import type { AuditLog } from "../../adapters/audit/port.ts";
import { newSignInMail } from "../../adapters/mail/templates.ts";
import type { QueuePort } from "../../adapters/queue/port.ts";
import type { Origin } from "../../auth/actor.ts";
import type { Database } from "../../db/client.ts";
import { knownDevice, session, user } from "../../db/schema/index.ts";

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly queue: QueuePort;
  readonly frontendUrl: string;
  /** Auth sessions a person may have at a time; undefined is no limit. */
  readonly maxConcurrent: number | undefined;
  /** What of an address one caller can change at will is left out. */
  readonly networkOf: (ip: string) => string;
}

export type DeviceWatch = ReturnType<typeof createDeviceWatch>;

/** Notices sign-ins from where a person never signed in before, and keeps the number of sessions down. */
export function createDeviceWatch({ db, audit, queue, frontendUrl, maxConcurrent, networkOf }: Deps) {
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

  /** @param token the raw token of the session that just began */
  return async (
    userId: string,
    token: string,
    origin: Origin,
    userAgent: string | undefined,
  ): Promise<void> => {
    if (maxConcurrent !== undefined) await endOldest(userId, token, maxConcurrent);
    const place = `${userAgent ?? ""}\n${networkOf(origin.ip)}`;
    if (!(await isNews(userId, createHash("sha256").update(place).digest("hex")))) return;
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
  };
}
