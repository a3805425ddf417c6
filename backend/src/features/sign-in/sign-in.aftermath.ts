import { and, eq, isNull, sql } from "drizzle-orm";
import type { AuditLog } from "../../adapters/audit/port.ts";
import type { LockedPerson } from "../../auth/account-security.ts";
import type { Origin } from "../../auth/actor.ts";
import type { Passwords } from "../../auth/password.ts";
import type { Database, Transaction } from "../../db/client.ts";
import { account, session, user } from "../../db/schema/index.ts";
import type { BetterAuthAnswer, ClientRequest } from "./sign-in.better-auth.ts";
import type { createConsequences } from "./sign-in.consequences.ts";
import type { Devices } from "./sign-in.devices.ts";
import type { AuthCall } from "./sign-in.schema.ts";

/** What must follow an answer of Better-auth: sessions to end, mails to send, events to write. */
export interface Aftermath {
  /**
   * Whether the password of a sign-in opens anything still: it does not when it was changed while it was being checked,
   * or to somebody banned.
   *
   * @param matched the stored hash that it was found to match
   * @param alone whether the password alone has to be enough, which a second factor ends
   */
  opens(call: AuthCall, matched: string | undefined, alone: boolean): Promise<boolean>;
  /** Ends a session that should not have begun. */
  undo(answer: BetterAuthAnswer): Promise<void>;
  /** In the transaction of an attempt that succeeded, with who is locked in it. */
  concluded(
    tx: Transaction,
    owner: LockedPerson,
    call: AuthCall,
    answer: BetterAuthAnswer,
    client: ClientRequest,
  ): Promise<void>;
  /**
   * After an attempt that locked nobody.
   *
   * @param tx what it is part of; without one, each thing is on its own
   */
  succeeded(call: AuthCall, answer: BetterAuthAnswer, client: ClientRequest, tx?: Transaction): Promise<void>;
  refused(call: AuthCall, code: string, origin: Origin): Promise<void>;
}

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly passwords: Passwords;
  readonly consequences: ReturnType<typeof createConsequences>;
  /** Told of every session that begins. */
  readonly devices: Pick<Devices, "began">;
}

export function createAftermath({ db, audit, passwords, consequences, devices }: Deps): Aftermath {
  return {
    async opens({ input }, matched, alone) {
      const [stored] = await db
        .select({ hash: account.password })
        // Whoever changes either holds the lock of the person, who comes first here for that reason.
        .from(user)
        .innerJoin(account, and(eq(account.userId, user.id), eq(account.providerId, "credential")))
        .where(
          and(
            eq(user.email, String(input.email)),
            isNull(user.bannedAt),
            alone ? eq(user.twoFactorEnabled, false) : undefined,
          ),
        )
        .for("share");
      if (!stored?.hash) return false;
      // Another sign-in at the same time may have replaced an old kind of hash.
      return (
        stored.hash === matched || passwords.verify({ hash: stored.hash, password: String(input.password) })
      );
    },

    async undo({ token }) {
      if (token) await db.delete(session).where(eq(session.token, token.raw));
    },

    async concluded(tx, owner, call, answer, client) {
      const { endpoint, actor } = call;
      const { token } = answer;
      const action = (await consequences[endpoint.path]?.(tx, owner, call, answer)) ?? endpoint.audit;
      if (token && endpoint.access === "challenge")
        await tx.update(session).set({ secondFactorAt: sql`now()` }).where(eq(session.token, token.raw));
      if (!actor && token) await devices.began(tx, owner.id, token.raw, client);
      if (!action) return;
      const target = { type: "user", id: owner.id };
      const caller = { userId: owner.id, origin: client.origin };
      await audit.record(tx, caller, { action, organizationId: null, target });
    },

    async succeeded({ endpoint, actor, input }, { token, body }, client, tx) {
      const { audit: action } = endpoint;
      const { origin } = client;
      const actorId = actor?.userId ?? userIdIn(body);
      if (!actorId) return;
      if (!actor && token) await devices.began(tx ?? db, actorId, token.raw, client);
      if (!action) return;
      const changes = input.invitationToken === undefined ? {} : { changes: { verifiedBy: "invitation" } };
      const target = { type: "user", id: actorId };
      const event = { action, organizationId: null, target, ...changes };
      if (tx) await audit.record(tx, { userId: actorId, origin }, event);
      else await audit.happened({ ...event, actorId, origin });
    },

    async refused({ endpoint, actor, input }, reason, origin) {
      const { audit: action } = endpoint;
      if (!action) return;
      const actorId = actor?.userId ?? null;
      const target = actorId ? { type: "user", id: actorId } : null;
      const aimedAt = endpoint.path === "/sign-in/email" ? String(input.email) : undefined;
      await audit.denied({ action, actorId, origin, organizationId: null, target, aimedAt, reason });
    },
  };
}

function userIdIn(body: Record<string, unknown>): string | null {
  const owner = body.user as { id?: unknown } | null | undefined;
  return typeof owner?.id === "string" ? owner.id : null;
}
