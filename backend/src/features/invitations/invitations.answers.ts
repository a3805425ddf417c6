import { and, eq, gt, isNull, notExists, sql } from "drizzle-orm";
import type { Caller } from "../../auth/actor.ts";
import type { Transaction } from "../../db/client.ts";
import { lockOrganization } from "../../db/organization-lock.ts";
import { invitation, member, user } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import type { InvitationsDeps } from "./invitations.deps.ts";
import { maskEmail } from "./invitations.mask.ts";
import { changePending, type Found, findByToken, isLive } from "./invitations.rows.ts";
import type { InvitationAnswer, InvitationPreview } from "./invitations.schema.ts";

export type InvitationAnswers = ReturnType<typeof createInvitationAnswers>;

const dead = () => new AppError("not_found", "Not found");
const notYours = () => new AppError("email_mismatch", "This invitation names another e-mail address");

/** What the link of a mail opens. */
export function createInvitationAnswers({ db, audit }: Pick<InvitationsDeps, "db" | "audit">) {
  /**
   * The person and the invitation that names them. The organization is locked first, so that its admins are who they
   * are, and then the person: answers of one person come one after the other, whichever links they use, and the address
   * cannot change meanwhile.
   */
  async function addressed(tx: Transaction, caller: Caller, token: string) {
    await lockOrganization(tx, (await findByToken(tx, token)).organizationId);
    const [person] = await tx
      .select({ email: user.email, emailVerified: user.emailVerified, globalRole: user.globalRole })
      .from(user)
      // Who is banned since the request came in answers nothing.
      .where(and(eq(user.id, caller.userId), isNull(user.bannedAt)))
      .for("update");
    if (!person) throw new AppError("unauthenticated", "Sign in first");
    const found = await findByToken(tx, token);
    if (person.email !== found.email) throw notYours();
    return { person, found };
  }

  /** Answers in one transaction; an offer that nobody stands behind is revoked instead. */
  async function answer(
    caller: Caller,
    token: string,
    give: (tx: Transaction, scene: Awaited<ReturnType<typeof addressed>>) => Promise<InvitationAnswer>,
  ): Promise<InvitationAnswer> {
    const given = await db.transaction(async (tx) => {
      const scene = await addressed(tx, caller, token);
      if (scene.found.backed) return give(tx, scene);
      await revoke(tx, scene.found);
      return null;
    });
    if (!given) throw dead();
    return given;
  }

  async function revoke(tx: Transaction, { id, organizationId, role }: Found): Promise<void> {
    if (!(await changePending(tx, id, { status: "revoked" }))) return;
    await audit.record(tx, null, {
      action: "invitation.revoked",
      organizationId,
      target: { type: "invitation", id },
      changes: { role, reason: "inviter_lost_the_role" },
    });
  }

  /** Answers it once: of two answers at the same time the second finds the link dead. */
  async function settle(
    tx: Transaction,
    caller: Caller,
    { id, organizationId }: Found,
    token: string,
    status: "accepted" | "declined",
  ): Promise<void> {
    const own = and(eq(member.organizationId, organizationId), eq(member.userId, caller.userId));
    // A removal under way is waited for, and seen by the next statement.
    await tx.select({ id: member.id }).from(member).where(own).for("update");
    // Who was removed after it was sent needs a new one: removal would not hold otherwise.
    const removedSince = tx
      .select({ id: member.id })
      .from(member)
      .where(and(own, eq(member.status, "removed"), gt(member.updatedAt, invitation.updatedAt)));
    const [settled] = await tx
      .update(invitation)
      .set({ status, updatedAt: sql`now()`, version: sql`${invitation.version} + 1` })
      .where(and(eq(invitation.id, id), isLive(token), notExists(removedSince)))
      .returning({ id: invitation.id });
    if (!settled) throw dead();
  }

  /** A new membership, or the row of one that was removed. */
  async function join(tx: Transaction, caller: Caller, { organizationId, role }: Found) {
    const [joined] = await tx
      .insert(member)
      .values({ organizationId, userId: caller.userId, role })
      .onConflictDoUpdate({
        target: [member.organizationId, member.userId],
        set: { role, status: "active", updatedAt: sql`now()`, version: sql`${member.version} + 1` },
        setWhere: eq(member.status, "removed"),
      })
      .returning({ id: member.id, version: member.version });
    if (!joined) throw new AppError("conflict", "You are a member of this organization already");
    return { memberId: joined.id, revived: joined.version > 1 };
  }

  return {
    /** @throws AppError `not_found` for every token that opens nothing */
    async preview(token: string): Promise<InvitationPreview> {
      const found = await findByToken(db, token);
      if (!found.backed) throw dead();
      return {
        organizationName: found.organizationName,
        role: found.role,
        emailMasked: maskEmail(found.email),
        expiresAt: found.expiresAt.toISOString(),
        status: "pending",
      };
    },

    /**
     * Makes the caller a member, and their address a verified one: the link came by mail to it.
     *
     * @throws AppError `not_found`, `email_mismatch`, `suspended`, `conflict` for a member or a platform admin
     */
    async accept(caller: Caller, token: string): Promise<InvitationAnswer> {
      return answer(caller, token, async (tx, { person, found }) => {
        if (found.suspended) throw new AppError("suspended", "This organization is suspended");
        if (person.globalRole)
          throw new AppError("conflict", "Platform admins stay outside of organizations");
        await settle(tx, caller, found, token, "accepted");
        const { memberId, revived } = await join(tx, caller, found);
        await audit.record(tx, caller, {
          action: "invitation.accepted",
          organizationId: found.organizationId,
          target: { type: "invitation", id: found.id },
          changes: { role: found.role, memberId, revived },
        });
        if (!person.emailVerified) {
          await tx
            .update(user)
            .set({ emailVerified: true, updatedAt: sql`now()`, version: sql`${user.version} + 1` })
            .where(eq(user.id, caller.userId));
          await audit.record(tx, caller, {
            action: "user.email_verified",
            organizationId: null,
            target: { type: "user", id: caller.userId },
            changes: { by: "invitation" },
          });
        }
        return toAnswer(found, "accepted", memberId);
      });
    },

    /** @throws AppError `not_found`, `email_mismatch` */
    async decline(caller: Caller, token: string): Promise<InvitationAnswer> {
      return answer(caller, token, async (tx, { found }) => {
        await settle(tx, caller, found, token, "declined");
        await audit.record(tx, caller, {
          action: "invitation.declined",
          organizationId: found.organizationId,
          target: { type: "invitation", id: found.id },
          changes: { role: found.role },
        });
        return toAnswer(found, "declined", null);
      });
    },

    /**
     * Whether a link proves an address: it was sent there, and nowhere else.
     *
     * @throws AppError `not_found`, `email_mismatch`
     */
    async proves(token: string, email: string): Promise<void> {
      const found = await findByToken(db, token);
      if (!found.backed) throw dead();
      if (found.email !== email) throw notYours();
    },
  };
}

function toAnswer(
  found: Found,
  status: InvitationAnswer["status"],
  memberId: string | null,
): InvitationAnswer {
  return {
    id: found.id,
    organizationId: found.organizationId,
    organizationName: found.organizationName,
    memberId,
    email: found.email,
    role: found.role,
    status,
  };
}
