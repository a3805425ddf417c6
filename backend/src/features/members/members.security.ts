import type { AuditLog } from "../../adapters/audit/port.ts";
import type { CallerNow } from "../../auth/access.ts";
import type { Caller } from "../../auth/actor.ts";
import { enforce } from "../../auth/enforce.ts";
import { assertVersion } from "../../db/assert-version.ts";
import type { Database, Transaction } from "../../db/client.ts";
import { secureVerdict } from "./members.policy.ts";
import { lockMember, type MemberDetails, toMember } from "./members.rows.ts";
import type { Member } from "./members.schema.ts";

export type MemberSecurity = ReturnType<typeof createMemberSecurity>;

interface Target {
  readonly organizationId: string;
  readonly memberId: string;
  /** What the client insists on having seen. */
  readonly version: number | undefined;
}

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly callerNow: CallerNow;
  /** Ends every auth session of a person; answers how many. */
  readonly endSessions: (tx: Transaction, userId: string) => Promise<number>;
  /** Takes the second factor away with all that was won with it, and tells the person. */
  readonly removeSecondFactor: (tx: Transaction, person: MemberDetails) => Promise<void>;
}

/**
 * What staff do for a member whose account is in danger, or who lost the second factor. Both act on the whole account,
 * not on one membership: whoever belongs to another organization too is out of reach (`secureVerdict`).
 */
export function createMemberSecurity({ db, audit, callerNow, endSessions, removeSecondFactor }: Deps) {
  /** Ends every auth session of the person, after `prepare`, in one transaction with the audit event. */
  async function secure(
    caller: Caller,
    { organizationId, memberId, version }: Target,
    action: string,
    prepare?: (tx: Transaction, target: MemberDetails) => Promise<void>,
  ): Promise<Member> {
    return db.transaction(async (tx) => {
      const target = await lockMember(tx, caller, organizationId, memberId);
      const current = await callerNow(tx, caller, "member.secure", organizationId);
      enforce(secureVerdict(current, target, target.memberOf));
      assertVersion(target, version);
      await prepare?.(tx, target);
      const sessionsEnded = await endSessions(tx, target.userId);
      await audit.record(tx, caller, {
        action,
        organizationId,
        target: { type: "member", id: memberId },
        changes: { sessionsEnded },
      });
      return toMember(target);
    });
  }

  return {
    /** @throws AppError `not_found`, `forbidden`, `precondition_failed` */
    revokeSessions: (caller: Caller, target: Target) => secure(caller, target, "member.sessions_revoked"),

    /**
     * Takes the second factor away, with trusted devices, pending challenges and every session; tells the person.
     *
     * @throws AppError `not_found`, `forbidden`, `precondition_failed`
     */
    resetTwoFactor: (caller: Caller, target: Target) =>
      secure(caller, target, "member.two_factor_reset", removeSecondFactor),
  };
}
