import { eq, sql } from "drizzle-orm";
import type { AuditLog } from "../../adapters/audit/port.ts";
import { twoFactorChangedMail } from "../../adapters/mail/templates.ts";
import type { QueuePort } from "../../adapters/queue/port.ts";
import type { Caller } from "../../auth/actor.ts";
import { enforce } from "../../auth/enforce.ts";
import type { Database, Transaction } from "../../db/client.ts";
import { session, twoFactor, user, verification } from "../../db/schema/index.ts";
import { secureVerdict } from "./members.policy.ts";
import { lockMember, type MemberDetails, toMember } from "./members.rows.ts";
import type { Member } from "./members.schema.ts";

export type MemberSecurity = ReturnType<typeof createMemberSecurity>;

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly queue: QueuePort;
  readonly frontendUrl: string;
}

/**
 * What staff do for a member whose account is in danger, or who lost the second factor. Both act on the whole account,
 * not on one membership: whoever runs another organization is out of reach (`secureVerdict`).
 */
export function createMemberSecurity({ db, audit, queue, frontendUrl }: Deps) {
  /** Ends every auth session of the person, after `prepare`, in one transaction with the audit event. */
  async function secure(
    caller: Caller,
    { organizationId, memberId }: { organizationId: string; memberId: string },
    action: string,
    prepare?: (tx: Transaction, target: MemberDetails) => Promise<void>,
  ): Promise<Member> {
    return db.transaction(async (tx) => {
      const target = await lockMember(tx, caller, organizationId, memberId);
      enforce(secureVerdict(caller, target, target.adminOf));
      await prepare?.(tx, target);
      const ended = await tx
        .delete(session)
        .where(eq(session.userId, target.userId))
        .returning({ id: session.id });
      await audit.record(tx, caller, {
        action,
        organizationId,
        target: { type: "member", id: memberId },
        changes: { sessionsEnded: ended.length },
      });
      return toMember(target);
    });
  }

  return {
    /** @throws AppError `not_found`, `forbidden` */
    revokeSessions: (caller: Caller, organizationId: string, memberId: string) =>
      secure(caller, { organizationId, memberId }, "member.sessions_revoked"),

    /**
     * Takes the second factor away, with trusted devices, pending challenges and every session; tells the person.
     *
     * @throws AppError `not_found`, `forbidden`
     */
    resetTwoFactor: (caller: Caller, organizationId: string, memberId: string) =>
      secure(
        caller,
        { organizationId, memberId },
        "member.two_factor_reset",
        async (tx, { userId, twoFactorEnabled, email, name }) => {
          await tx.delete(twoFactor).where(eq(twoFactor.userId, userId));
          await tx.delete(verification).where(eq(verification.value, userId));
          if (!twoFactorEnabled) return;
          await tx
            .update(user)
            .set({ twoFactorEnabled: false, updatedAt: sql`now()`, version: sql`${user.version} + 1` })
            .where(eq(user.id, userId));
          const url = `${frontendUrl}/reset-password`;
          await queue.enqueue("mail", twoFactorChangedMail({ to: email, name, url, enabled: false }), tx);
        },
      ),
  };
}
