import { sql } from "drizzle-orm";
import type { AuditLog } from "../../adapters/audit/port.ts";
import type { CallerNow } from "../../auth/access.ts";
import type { Caller } from "../../auth/actor.ts";
import { enforce } from "../../auth/enforce.ts";
import { assertVersion } from "../../db/assert-version.ts";
import type { Database, Transaction } from "../../db/client.ts";
import { AppError } from "../../errors.ts";
import type { KeepAPlatformAdmin } from "./platform-users.last-admin.ts";
import { accountVerdict } from "./platform-users.policy.ts";
import {
  changePlatformUser,
  findPlatformUser,
  lockPlatformUser,
  type PlatformUserRow,
  toPlatformUser,
} from "./platform-users.rows.ts";
import type { PlatformUser } from "./platform-users.schema.ts";

export type PlatformUserAccounts = ReturnType<typeof createPlatformUserAccounts>;

interface Target {
  readonly userId: string;
  /** What the client insists on having seen. */
  readonly version: number | undefined;
}

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  /** Ends every auth session of a person, with what a sign-in that was under way has left; answers how many. */
  readonly endSessions: (tx: Transaction, userId: string) => Promise<number>;
  /** Takes the second factor away with all that was won with it, and tells the person. */
  readonly removeSecondFactor: (tx: Transaction, person: { userId: string }) => Promise<void>;
  readonly keepAPlatformAdmin: KeepAPlatformAdmin;
  readonly callerNow: CallerNow;
}

/**
 * What a platform admin does to somebody's account. While a person is banned no session of theirs counts, whenever it
 * began, and no sign-in succeeds; both ends of a ban end every session, so that none survives it.
 */
export function createPlatformUserAccounts(deps: Deps) {
  const { db, audit, endSessions, removeSecondFactor, keepAPlatformAdmin, callerNow } = deps;

  /** Does `work` on the locked person and ends all their auth sessions, in one transaction with the audit event. */
  async function act(
    caller: Caller,
    { userId, version }: Target,
    action: string,
    work?: (tx: Transaction, before: PlatformUserRow) => Promise<void>,
  ): Promise<PlatformUser> {
    return db.transaction(async (tx) => {
      const before = await lockPlatformUser(tx, userId);
      await callerNow(tx, caller, "platform.users");
      enforce(accountVerdict(caller, userId));
      assertVersion(before, version);
      await work?.(tx, before);
      const sessionsEnded = await endSessions(tx, userId);
      await audit.record(tx, caller, {
        action,
        organizationId: null,
        target: { type: "user", id: userId },
        changes: { sessionsEnded },
      });
      return toPlatformUser(await findPlatformUser(tx, userId));
    });
  }

  return {
    /** @throws AppError `not_found`, `forbidden` (oneself), `precondition_failed`, `invalid_state` (banned already), `last_admin` */
    ban: (caller: Caller, target: Target) =>
      act(caller, target, "user.banned", async (tx, before) => {
        const { userId } = target;
        if (before.bannedAt) throw new AppError("invalid_state", "This person is banned already");
        if (before.globalRole) await keepAPlatformAdmin(tx, userId);
        await changePlatformUser(tx, userId, { bannedAt: sql`now()` });
      }),

    /** @throws AppError `not_found`, `forbidden` (oneself), `precondition_failed`, `invalid_state` (not banned) */
    unban: (caller: Caller, target: Target) =>
      act(caller, target, "user.unbanned", async (tx, before) => {
        const { userId } = target;
        if (!before.bannedAt) throw new AppError("invalid_state", "This person is not banned");
        await changePlatformUser(tx, userId, { bannedAt: null });
      }),

    /** @throws AppError `not_found`, `forbidden` (oneself), `precondition_failed` */
    revokeSessions: (caller: Caller, target: Target) => act(caller, target, "user.sessions_revoked"),

    /**
     * Takes the second factor away, with trusted devices, pending challenges and every session; tells the person.
     *
     * @throws AppError `not_found`, `forbidden` (oneself), `precondition_failed`
     */
    resetTwoFactor: (caller: Caller, target: Target) =>
      act(caller, target, "user.two_factor_reset", (tx) => removeSecondFactor(tx, target)),
  };
}
