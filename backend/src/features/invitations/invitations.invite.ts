import { and, eq, lte, not, or, sql } from "drizzle-orm";
import { spend } from "../../adapters/limiter/port.ts";
import { invitationMail } from "../../adapters/mail/templates.ts";
import type { Caller, Role } from "../../auth/actor.ts";
import type { Transaction } from "../../db/client.ts";
import { invitation } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import type { InvitationsDeps } from "./invitations.deps.ts";
import { mayInvite, needsStepUp } from "./invitations.policy.ts";
import { assertNoMember, isBacked, livingOrganization, toInvitation } from "./invitations.rows.ts";
import type { Invitation } from "./invitations.schema.ts";
import { createInvitationToken } from "./invitations.token.ts";

/** Mails an organization, or a person in all of theirs, may have sent in a day: our sender's name is everybody's. */
const dailyMails = { max: 1000, window: 24 * 60 * 60 };

export const sevenDaysOn = sql`now() + interval '7 days'`;

interface Letter {
  readonly organizationId: string;
  readonly organizationName: string;
  readonly email: string;
  readonly role: Role;
  readonly token: string;
}

type MailDeps = Pick<InvitationsDeps, "queue" | "limiter" | "frontendUrl" | "verifiesAddresses">;

/**
 * @throws AppError `rate_limited` when the caller or the organization sent the mails of the day, `forbidden` for who has
 *   to verify an address first
 */
export function createInvitationPost({ queue, limiter, frontendUrl, verifiesAddresses }: MailDeps) {
  return async (tx: Transaction, caller: Caller, letter: Letter): Promise<void> => {
    if (verifiesAddresses && !caller.emailVerified)
      throw new AppError("forbidden", "Verify your e-mail address first");
    await spend(
      limiter,
      `invitations-by:${caller.userId}`,
      dailyMails,
      "You sent your invitations of the day",
    );
    await spend(
      limiter,
      `invitations:${letter.organizationId}`,
      dailyMails,
      "This organization sent its invitations of the day",
    );
    const mail = invitationMail({
      to: letter.email,
      organizationName: letter.organizationName,
      // Members never learn who the platform admins are.
      inviterName: caller.globalRole === "platform_admin" ? null : caller.name,
      role: letter.role,
      url: `${frontendUrl}/invitations/${letter.token}`,
    });
    await queue.enqueue("mail", mail, tx);
  };
}

/** @throws AppError `forbidden` above the caller's ceiling, or for a coach where coaches do not invite */
export function assertMayInvite(caller: Caller, organizationId: string, role: Role): void {
  if (!mayInvite(caller, organizationId, role))
    throw new AppError("forbidden", "Your role does not allow inviting to this role");
}

/** @throws AppError `step_up_required` */
export function assertFresh(caller: Caller, role: Role): void {
  if (needsStepUp(caller, role))
    throw new AppError("step_up_required", "Show your credential again: POST /api/v1/me/step-up");
}

export type Invite = ReturnType<typeof createInvite>;

/**
 * Offers a role to an address, in the transaction of whatever else happens. Whether the caller may offer it is decided
 * before. An invitation that expired, or that nobody stands behind any more, makes room; of two at once the unique index lets one through.
 *
 * @throws AppError `step_up_required`, `not_found` (no such organization), `conflict` (a member, or invited already),
 *   `rate_limited`
 */
export function createInvite({ audit, ...mailDeps }: MailDeps & Pick<InvitationsDeps, "audit">) {
  const post = createInvitationPost(mailDeps);

  return async (
    tx: Transaction,
    caller: Caller,
    organizationId: string,
    email: string,
    role: Role,
  ): Promise<Invitation> => {
    assertFresh(caller, role);
    const { name: organizationName } = await livingOrganization(tx, organizationId);
    await assertNoMember(tx, organizationId, email);
    const [replaced] = await tx
      .update(invitation)
      .set({ status: "revoked", updatedAt: sql`now()`, version: sql`${invitation.version} + 1` })
      .where(
        and(
          eq(invitation.organizationId, organizationId),
          eq(invitation.email, email),
          eq(invitation.role, role),
          eq(invitation.status, "pending"),
          or(lte(invitation.expiresAt, sql`now()`), not(isBacked)),
        ),
      )
      .returning({ id: invitation.id });
    const { token, tokenHash } = createInvitationToken();
    const [created] = await tx
      .insert(invitation)
      .values({
        organizationId,
        email,
        role,
        tokenHash,
        expiresAt: sevenDaysOn,
        invitedBy: caller.userId,
      })
      .onConflictDoNothing()
      .returning();
    if (!created) throw new AppError("conflict", "This address was invited to this role already");
    await audit.record(tx, caller, {
      action: "invitation.created",
      organizationId,
      target: { type: "invitation", id: created.id },
      changes: { role, ...(replaced && { replaced: replaced.id }) },
    });
    await post(tx, caller, { organizationId, organizationName, email, role, token });
    return toInvitation(created, caller.userId);
  };
}
