import { and, eq, gt, isNull, ne, sql } from "drizzle-orm";
import type { PgUpdateSetSource } from "drizzle-orm/pg-core";
import type { Caller } from "../../auth/actor.ts";
import type { Database, Transaction } from "../../db/client.ts";
import { invitation, member, organization, user } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import type { Invitation } from "./invitations.schema.ts";
import { hashOf } from "./invitations.token.ts";

export type InvitationRow = typeof invitation.$inferSelect;

/** @param invitedBy the inviter as this caller may know them. */
export function toInvitation(row: InvitationRow, invitedBy: string | null): Invitation {
  const over = row.status === "pending" && row.expiresAt.getTime() <= Date.now();
  return {
    id: row.id,
    email: row.email,
    role: row.role,
    status: over ? "expired" : row.status,
    expiresAt: row.expiresAt.toISOString(),
    invitedBy,
    createdAt: row.createdAt.toISOString(),
    version: row.version,
  };
}

/** Joins the inviter. Nobody below a platform admin learns of one, so for others that inviter is not there. */
export const inviterOf = (caller: Caller) =>
  and(
    eq(user.id, invitation.invitedBy),
    caller.globalRole === "platform_admin" ? undefined : isNull(user.globalRole),
  );

/** @throws AppError `not_found` for an organization that never was, or is deleted */
export async function livingOrganization(
  db: Database | Transaction,
  organizationId: string,
): Promise<{ name: string }> {
  const [found] = await db
    .select({ name: organization.name })
    .from(organization)
    .where(and(eq(organization.id, organizationId), isNull(organization.deletedAt)));
  if (!found) throw new AppError("not_found", "Not found");
  return found;
}

/** @throws AppError `conflict` where the address belongs to a member, suspended ones included */
export async function assertNoMember(tx: Transaction, organizationId: string, email: string): Promise<void> {
  const [found] = await tx
    .select({ id: member.id })
    .from(member)
    .innerJoin(user, eq(user.id, member.userId))
    .where(
      and(
        eq(user.email, email),
        isNull(user.globalRole),
        eq(member.organizationId, organizationId),
        ne(member.status, "removed"),
      ),
    );
  if (found) throw new AppError("conflict", "This person is a member already");
}

/**
 * Whether somebody stands behind the offer. The highest role is worth what its giver has: nothing, once they lost it
 * themselves; what else was offered stays valid.
 */
export const isBacked = sql<boolean>`(${invitation.role} <> 'org_admin' or exists (
  select 1 from "user" inviter
  left join member m on m.user_id = inviter.id and m.organization_id = ${invitation.organizationId}
  where inviter.id = ${invitation.invitedBy} and inviter.banned_at is null
    and (inviter.global_role = 'platform_admin' or (m.role = 'org_admin' and m.status = 'active'))))`;

/**
 * What a link still opens: a pending invitation that did not expire, of an organization that was not deleted.
 *
 * @throws AppError `not_found` for any other token
 */
export async function findByToken(db: Database | Transaction, token: string) {
  const [found] = await db
    .select({
      id: invitation.id,
      organizationId: invitation.organizationId,
      organizationName: organization.name,
      suspended: sql<boolean>`${organization.suspendedAt} is not null`,
      email: invitation.email,
      role: invitation.role,
      expiresAt: invitation.expiresAt,
      backed: isBacked,
    })
    .from(invitation)
    .innerJoin(organization, eq(organization.id, invitation.organizationId))
    .where(and(isLive(token), isNull(organization.deletedAt)));
  if (!found) throw new AppError("not_found", "Not found");
  return found;
}

export type Found = Awaited<ReturnType<typeof findByToken>>;

/** The state from which a link may be answered, for a `where` of a read or of the change itself. */
export const isLive = (token: string) =>
  and(
    eq(invitation.tokenHash, hashOf(token)),
    eq(invitation.status, "pending"),
    gt(invitation.expiresAt, sql`now()`),
  );

/** Changes a pending invitation, expired or not; of two changes at once one finds it in another state. */
export async function changePending(
  tx: Transaction,
  id: string,
  to: PgUpdateSetSource<typeof invitation>,
): Promise<InvitationRow | undefined> {
  const [changed] = await tx
    .update(invitation)
    .set({ ...to, updatedAt: sql`now()`, version: sql`${invitation.version} + 1` })
    .where(and(eq(invitation.id, id), eq(invitation.status, "pending")))
    .returning();
  return changed;
}
