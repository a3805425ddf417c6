import { and, desc, eq, inArray, lt } from "drizzle-orm";
import type { Cursors } from "../../adapters/cursors/port.ts";
import type { ReadsPort } from "../../adapters/reads/port.ts";
import type { CallerNow } from "../../auth/access.ts";
import type { Caller } from "../../auth/actor.ts";
import { assertVersion } from "../../db/assert-version.ts";
import type { Transaction } from "../../db/client.ts";
import { lockOrganization } from "../../db/organization-lock.ts";
import { invitation, user } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import { createBulkInvite } from "./invitations.bulk.ts";
import type { InvitationsDeps } from "./invitations.deps.ts";
import {
  assertFresh,
  assertMayInvite,
  createInvitationPost,
  type Invite,
  sevenDaysOn,
} from "./invitations.invite.ts";
import { invitationScope, mayInviteAnybody } from "./invitations.policy.ts";
import {
  assertNoMember,
  changePending,
  inviterOf,
  livingOrganization,
  toInvitation,
} from "./invitations.rows.ts";
import type { CreateInvitation, Invitation, InvitationPage, InvitationsQuery } from "./invitations.schema.ts";
import { createInvitationToken } from "./invitations.token.ts";

export type InvitationsService = ReturnType<typeof createInvitationsService>;

interface Deps extends InvitationsDeps {
  readonly cursors: Cursors;
  readonly reads: ReadsPort;
  readonly invite: Invite;
  readonly callerNow: CallerNow;
  readonly explain: (error: unknown) => AppError | null;
}

/** Invitations of an organization, for those who send them. */
export function createInvitationsService(deps: Deps) {
  const { db, audit, cursors, reads, invite, callerNow } = deps;
  const post = createInvitationPost(deps);

  async function create(
    caller: Caller,
    organizationId: string,
    input: CreateInvitation,
  ): Promise<Invitation> {
    return db.transaction(async (tx) => {
      const current = await callerNow(tx, caller, "invitation.manage", organizationId);
      assertMayInvite(current, organizationId, input.role);
      return invite(tx, current, organizationId, input.email, input.role);
    });
  }

  /** @throws AppError `not_found` for one the caller knows nothing of, `forbidden` for one above their ceiling */
  async function manageable(caller: Caller, organizationId: string, id: string, tx?: Transaction) {
    if (tx) await lockOrganization(tx, organizationId);
    const query = (tx ?? db)
      .select({ row: invitation, inviter: user.id })
      .from(invitation)
      .leftJoin(user, inviterOf(caller))
      .where(and(eq(invitation.id, id), eq(invitation.organizationId, organizationId)));
    // Who is about to change it compares the version: of two with the same one, one finds another.
    const [found] = await (tx ? query.for("no key update", { of: invitation }) : query);
    const current = tx ? await callerNow(tx, caller, "invitation.manage", organizationId) : caller;
    const scope = invitationScope(current, organizationId);
    const isForeign = scope.invitedBy !== undefined && found?.row.invitedBy !== scope.invitedBy;
    if (!found || isForeign) throw new AppError("not_found", "Not found");
    if (!scope.roles.includes(found.row.role))
      throw new AppError("forbidden", "Your role does not allow this");
    return { ...found, current };
  }

  return {
    /** Whether to anybody at all. Asked by the guard, before the body is read. */
    mayInvite: mayInviteAnybody,
    create,
    createMany: createBulkInvite({ audit, create, explain: deps.explain }),

    /** @throws AppError `not_found`, `forbidden` */
    async get(caller: Caller, organizationId: string, invitationId: string): Promise<Invitation> {
      const { row, inviter } = await manageable(caller, organizationId, invitationId);
      return toInvitation(row, inviter);
    },

    /** Newest first; each caller sees what they may deal with. */
    async list(
      caller: Caller,
      organizationId: string,
      { limit, cursor }: InvitationsQuery,
    ): Promise<InvitationPage> {
      const after = cursors.read("invitations", { organizationId }, cursor);
      const scope = invitationScope(caller, organizationId);
      const rows = await db
        .select({ row: invitation, inviter: user.id })
        .from(invitation)
        .leftJoin(user, inviterOf(caller))
        .where(
          and(
            eq(invitation.organizationId, organizationId),
            inArray(invitation.role, [...scope.roles]),
            scope.invitedBy === undefined ? undefined : eq(invitation.invitedBy, scope.invitedBy),
            after === undefined ? undefined : lt(invitation.id, after),
          ),
        )
        .orderBy(desc(invitation.id))
        .limit(limit + 1);
      // A member's organization is there; a platform admin may have named any.
      if (rows.length === 0 && caller.globalRole !== null) await livingOrganization(db, organizationId);
      const page = cursors.page("invitations", { organizationId }, rows, limit, ({ row }) => row.id);
      reads.records(caller, organizationId, page.data.length);
      return { ...page, data: page.data.map(({ row, inviter }) => toInvitation(row, inviter)) };
    },

    /**
     * A new link for seven more days; the one sent before is dead.
     *
     * @throws AppError `not_found`, `forbidden`, `step_up_required`, `rate_limited`, `conflict` for who is a member by
     *   now, `invalid_state` for an invitation that was answered or revoked
     */
    async resend(
      caller: Caller,
      organizationId: string,
      invitationId: string,
      version: number | undefined,
    ): Promise<Invitation> {
      return db.transaction(async (tx) => {
        const { row, inviter, current } = await manageable(caller, organizationId, invitationId, tx);
        assertVersion(row, version);
        assertMayInvite(current, organizationId, row.role);
        assertFresh(caller, row.role);
        const { name: organizationName } = await livingOrganization(tx, organizationId);
        const { token, tokenHash } = createInvitationToken();
        // Who sends the highest role again stands behind it from now on.
        const backer = row.role === "org_admin" ? { invitedBy: caller.userId } : {};
        const sent = await changePending(tx, row.id, { tokenHash, expiresAt: sevenDaysOn, ...backer });
        if (!sent) throw new AppError("invalid_state", "This invitation was answered or revoked");
        await assertNoMember(tx, organizationId, row.email);
        await audit.record(tx, caller, {
          action: "invitation.resent",
          organizationId,
          target: { type: "invitation", id: row.id },
          changes: { role: row.role, expiresAt: [row.expiresAt, sent.expiresAt] },
        });
        const { email, role } = row;
        await post(tx, caller, { organizationId, organizationName, email, role, token });
        return toInvitation(sent, row.role === "org_admin" ? caller.userId : inviter);
      });
    },

    /** @throws AppError `not_found` (revoked ones too), `forbidden`, `invalid_state` once it was answered */
    async revoke(
      caller: Caller,
      organizationId: string,
      invitationId: string,
      version: number | undefined,
    ): Promise<void> {
      await db.transaction(async (tx) => {
        const { row } = await manageable(caller, organizationId, invitationId, tx);
        assertVersion(row, version);
        if (!(await changePending(tx, row.id, { status: "revoked" }))) throw await whyNot(tx, row.id);
        await audit.record(tx, caller, {
          action: "invitation.revoked",
          organizationId,
          target: { type: "invitation", id: row.id },
          changes: { role: row.role },
        });
      });
    },
  };
}

async function whyNot(tx: Transaction, id: string): Promise<AppError> {
  const [row] = await tx.select({ status: invitation.status }).from(invitation).where(eq(invitation.id, id));
  if (!row || row.status === "revoked") return new AppError("not_found", "Not found");
  return new AppError("invalid_state", "This invitation was answered already");
}
