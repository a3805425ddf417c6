import { and, eq, isNotNull, isNull, notExists, sql } from "drizzle-orm";
import type { AuditLog } from "../../adapters/audit/port.ts";
import type { Origin } from "../../auth/actor.ts";
import { claimsOf } from "../../auth/mail-link.ts";
import type { Database } from "../../db/client.ts";
import { account, session, twoFactor, user } from "../../db/schema/index.ts";
import type { BetterAuthAnswer, ClientRequest } from "./sign-in.better-auth.ts";
import type { createConsequences } from "./sign-in.consequences.ts";
import type { Devices } from "./sign-in.devices.ts";
import type { AuthCall } from "./sign-in.schema.ts";

/** What must follow an answer of Better-auth: sessions to end, mails to send, events to write. */
export interface Aftermath {
  /**
   * Whether what just succeeded still holds. A sign-in does not when the password was changed while it was being
   * checked, a second factor enrolled, or the person is banned; an enrolment not when its secret was taken away meanwhile. Then whatever it made
   * is gone.
   *
   * @param matched the stored hash that the password was found to match
   */
  mayStay(call: AuthCall, answer: BetterAuthAnswer, matched: string | undefined): Promise<boolean>;
  /** Whether a password that was found to match this hash still opens anything. */
  opens(matched: string | undefined): Promise<boolean>;
  /** Whether the link of a mail is about the address of somebody who is banned; nobody checked the link yet. */
  namesBanned(mailToken: unknown): Promise<boolean>;
  succeeded(call: AuthCall, answer: BetterAuthAnswer, client: ClientRequest): Promise<void>;
  refused(call: AuthCall, code: string, origin: Origin): Promise<void>;
}

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly consequences: ReturnType<typeof createConsequences>;
  /** Told of every session that begins. */
  readonly devices: Pick<Devices, "began">;
}

export function createAftermath({ db, audit, consequences, devices }: Deps): Aftermath {
  /**
   * Whether there is somebody who is not banned, with this password if there is one to match: a salted hash names its
   * row as well as an id does.
   *
   * @param alone whether the password alone has to be enough
   */
  async function opens(hash: string | undefined, userId: string | null, alone = false): Promise<boolean> {
    if (hash === undefined && userId === null) return false;
    const [valid] = await db
      .select({ id: account.id })
      .from(account)
      .innerJoin(user, eq(user.id, account.userId))
      .where(
        and(
          userId === null ? undefined : eq(account.userId, userId),
          eq(account.providerId, "credential"),
          hash === undefined ? undefined : eq(account.password, hash),
          isNull(user.bannedAt),
          alone ? eq(user.twoFactorEnabled, false) : undefined,
        ),
      )
      .limit(1);
    return valid !== undefined;
  }

  /** Whether the second factor that Better-auth has just switched on is there; if not, it is switched off again. */
  async function isEnrolled(userId: string): Promise<boolean> {
    const secret = db.select({ id: twoFactor.id }).from(twoFactor).where(eq(twoFactor.userId, userId));
    const undone = await db
      .update(user)
      .set({ twoFactorEnabled: false })
      .where(and(eq(user.id, userId), notExists(secret)))
      .returning({ id: user.id });
    return undone.length === 0;
  }

  /** Whether a sign-in, or an enrolment, still rests on what it was checked against. */
  async function holds({ endpoint, actor }: AuthCall, answer: BetterAuthAnswer, matched: string | undefined) {
    const { token, body, challenge, trustedDevice } = answer;
    if (endpoint.access === "challenge" && actor)
      return actor.twoFactorEnabled || (await isEnrolled(actor.userId));
    if (endpoint.access === "challenge") return opens(undefined, userIdIn(body));
    if (endpoint.path !== "/sign-in/email" || !(token || challenge)) return true;
    // A second factor enrolled while the password was being checked counts for this sign-in, too.
    return opens(matched ?? "", userIdIn(body), token !== null && trustedDevice === null);
  }

  return {
    async mayStay(call, answer, matched) {
      if (await holds(call, answer, matched)) return true;
      const { token } = answer;
      if (token) await db.delete(session).where(eq(session.token, token.raw));
      return false;
    },

    opens: (matched) => opens(matched ?? "", null),

    async namesBanned(mailToken) {
      const email = claimsOf(mailToken)?.email;
      if (typeof email !== "string" || email.includes("\0")) return false;
      const [banned] = await db
        .select({ id: user.id })
        .from(user)
        .where(and(eq(user.email, email.toLowerCase()), isNotNull(user.bannedAt)));
      return banned !== undefined;
    },

    async succeeded({ endpoint, actor, input }, answer, client) {
      const { token, body } = answer;
      const owner = actor?.userId ?? userIdIn(body);
      const told = await consequences[endpoint.path]?.(input, answer, actor);
      if (token && endpoint.access === "challenge")
        await db.update(session).set({ secondFactorAt: sql`now()` }).where(eq(session.token, token.raw));
      if (!actor && token && owner) await devices.began(owner, token.raw, client);
      const { action, userId, ...changes } = { action: endpoint.audit, userId: owner, ...told };
      if (!action || !userId) return;
      const target = { type: "user", id: userId };
      const { origin } = client;
      await audit.happened({ action, actorId: userId, origin, organizationId: null, target, ...changes });
    },

    async refused({ endpoint, actor }, reason, origin) {
      if (!endpoint.audit) return;
      const actorId = actor?.userId ?? null;
      const target = actorId ? { type: "user", id: actorId } : null;
      await audit.denied({ action: endpoint.audit, actorId, origin, organizationId: null, target, reason });
    },
  };
}

function userIdIn(body: Record<string, unknown>): string | null {
  const owner = body.user as { id?: unknown } | null | undefined;
  return typeof owner?.id === "string" ? owner.id : null;
}
