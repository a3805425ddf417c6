import { and, desc, eq, gt, lt, sql } from "drizzle-orm";
import type { AuditLog } from "../../adapters/audit/port.ts";
import type { Cursors } from "../../adapters/cursors/port.ts";
import { freshMinutes, standingOf } from "../../auth/access.ts";
import type { Actor, Caller, Origin } from "../../auth/actor.ts";
import type { Database, Transaction } from "../../db/client.ts";
import { session, user } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import type {
  AuthSessionPage,
  AuthSessionsQuery,
  KeepAlive,
  Me,
  SteppedUp,
  StepUp,
  UpdateMe,
} from "./me.schema.ts";

export type MeService = ReturnType<typeof createMeService>;

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly cursors: Cursors;
  readonly minAppVersion: string | undefined;
  readonly sessionMaxDays: number;
  /** Ends all auth sessions but one, or only one, with what a device would sign in with again; answers how many. */
  readonly endSessions: (
    tx: Transaction,
    userId: string,
    which: { readonly keep?: string; readonly only?: string },
  ) => Promise<number>;
  /** Proves a credential against Better-auth; rejects with `forbidden` or `account_locked`. */
  readonly prove: (caller: Caller, credential: StepUp, client: ProvingClient) => Promise<void>;
}

interface ProvingClient {
  readonly origin: Origin;
  readonly userAgent: string | undefined;
}

/** One's own profile and auth sessions. */
export function createMeService(deps: Deps) {
  const { db, audit, cursors, minAppVersion, sessionMaxDays, endSessions, prove } = deps;

  return {
    /** Everything was read with the session: no statement of its own. */
    get: (caller: Caller): Me => toMe(caller),

    /**
     * @param version what the client insists on having seen.
     * @returns the new profile and its version
     * @throws AppError `precondition_failed`
     */
    async update(
      caller: Caller,
      changes: UpdateMe,
      version: number | undefined,
    ): Promise<{ me: Me; version: number }> {
      if (version !== undefined && version !== caller.version) throw stale();
      if (Object.keys(changes).length === 0) return { me: toMe(caller), version: caller.version };
      return db.transaction(async (tx) => {
        const [updated] = await tx
          .update(user)
          .set({ ...changes, updatedAt: sql`now()`, version: sql`${user.version} + 1` })
          .where(
            and(eq(user.id, caller.userId), version === undefined ? undefined : eq(user.version, version)),
          )
          .returning({ version: user.version });
        if (!updated) throw stale();
        await audit.record(tx, caller, {
          action: "user.profile_updated",
          organizationId: null,
          target: { type: "user", id: caller.userId },
          changes: { fields: Object.keys(changes) },
        });
        const me = {
          ...toMe(caller),
          name: changes.name ?? caller.name,
          timeZone: changes.timeZone ?? caller.timeZone,
          locale: changes.locale ?? caller.locale,
        };
        return { me, version: updated.version };
      });
    },

    keepAlive: (caller: Caller): KeepAlive => ({
      expiresAt: caller.session.expiresAt,
      serverTime: new Date().toISOString(),
      minAppVersion: minAppVersion ?? null,
    }),

    /** Opens what needs a fresh credential for ten minutes, for this auth session only. */
    async stepUp(caller: Caller, credential: StepUp, userAgent: string | undefined): Promise<SteppedUp> {
      await prove(caller, credential, { origin: caller.origin, userAgent });
      return db.transaction(async (tx) => {
        const [shown] = await tx
          .update(session)
          .set({ steppedUpAt: sql`now()` })
          .where(eq(session.id, caller.session.id))
          .returning({ at: session.steppedUpAt });
        if (!shown?.at) throw new AppError("unauthenticated", "Sign in first");
        await audit.record(tx, caller, {
          action: "user.stepped_up",
          organizationId: null,
          target: { type: "auth_session", id: caller.session.id },
        });
        return { expiresAt: new Date(shown.at.getTime() + freshMinutes * 60_000).toISOString() };
      });
    },

    async listSessions(caller: Caller, { limit, cursor }: AuthSessionsQuery): Promise<AuthSessionPage> {
      const after = cursors.read("auth-sessions", { userId: caller.userId }, cursor);
      const rows = await db
        .select({
          id: session.id,
          createdAt: session.createdAt,
          updatedAt: session.updatedAt,
          expiresAt:
            sql<Date>`least(${session.expiresAt}, ${session.createdAt} + ${sessionMaxDays} * interval '1 day')`.mapWith(
              session.expiresAt,
            ),
          ip: session.ipAddress,
          userAgent: session.userAgent,
          client: session.client,
        })
        .from(session)
        .where(
          and(
            eq(session.userId, caller.userId),
            gt(session.expiresAt, sql`now()`),
            after === undefined ? undefined : lt(session.id, after),
          ),
        )
        .orderBy(desc(session.id))
        .limit(limit + 1);
      const page = cursors.page("auth-sessions", { userId: caller.userId }, rows, limit, (row) => row.id);
      return { ...page, data: page.data.map((row) => toAuthSession(row, caller.session.id)) };
    },

    /**
     * Forgets every trusted device, too.
     *
     * @throws AppError `not_found` for a session of somebody else, or none
     */
    async revokeSession(caller: Caller, sessionId: string): Promise<void> {
      await db.transaction(async (tx) => {
        const ended = await endSessions(tx, caller.userId, { only: sessionId });
        if (ended === 0) throw new AppError("not_found", "Not found");
        await audit.record(tx, caller, {
          action: "user.session_revoked",
          organizationId: null,
          target: { type: "auth_session", id: sessionId },
        });
      });
    },

    /** Forgets every trusted device, too. */
    async revokeOtherSessions(caller: Caller): Promise<void> {
      await db.transaction(async (tx) => {
        const ended = await endSessions(tx, caller.userId, { keep: caller.session.token });
        await audit.record(tx, caller, {
          action: "user.other_sessions_revoked",
          organizationId: null,
          target: { type: "user", id: caller.userId },
          changes: { ended },
        });
      });
    },
  };
}

const stale = () => new AppError("precondition_failed", "The profile was changed meanwhile");

function toMe(actor: Actor): Me {
  return {
    id: actor.userId,
    email: actor.email,
    name: actor.name,
    emailVerified: actor.emailVerified,
    globalRole: actor.globalRole,
    twoFactorEnabled: actor.twoFactorEnabled,
    avatarFileId: actor.avatarFileId,
    timeZone: actor.timeZone,
    locale: actor.locale,
    createdAt: actor.createdAt,
    memberships: actor.memberships
      .filter(({ organization }) => !organization.deleted)
      .map((membership) => ({
        memberId: membership.memberId,
        organizationId: membership.organizationId,
        organizationName: membership.organization.name,
        organizationSlug: membership.organization.slug,
        role: membership.role,
        status: membership.status,
        secondFactorNeeded: standingOf(actor, membership) === "second_factor_needed",
      })),
  };
}

type SessionRow = Pick<typeof session.$inferSelect, "id" | "createdAt" | "updatedAt" | "expiresAt"> & {
  ip: string | null;
  userAgent: string | null;
  client: string | null;
};

function toAuthSession(row: SessionRow, currentId: string): AuthSessionPage["data"][number] {
  return {
    id: row.id,
    current: row.id === currentId,
    createdAt: row.createdAt.toISOString(),
    lastSeenAt: row.updatedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    ip: row.ip,
    userAgent: row.userAgent,
    client: row.client,
  };
}
