import { isFresh, mayActOn, membershipIn, rankIn } from "../../auth/access.ts";
import type { Actor, Role } from "../../auth/actor.ts";

const roles: readonly Role[] = ["org_admin", "manager", "coach", "client"];

/** Which invitations of an organization somebody knows of and deals with. */
export interface InvitationScope {
  readonly roles: readonly Role[];
  /** Set where only one's own are visible. */
  readonly invitedBy: string | undefined;
}

/** Admins all, managers those of coaches and clients, coaches their own. */
export function invitationScope(actor: Actor, organizationId: string): InvitationScope {
  const own = actor.globalRole === null && membershipIn(actor, organizationId)?.role === "coach";
  return {
    roles: roles.filter((role) => mayActOn(rankIn(actor, organizationId), role)),
    invitedBy: own ? actor.userId : undefined,
  };
}

/** Whether somebody may offer this role: below the ceiling, and a coach only where the organization lets coaches. */
export function mayInvite(actor: Actor, organizationId: string, role: Role): boolean {
  if (!mayActOn(rankIn(actor, organizationId), role)) return false;
  if (actor.globalRole === "platform_admin") return true;
  const membership = membershipIn(actor, organizationId);
  return membership?.role !== "coach" || membership.organization.coachesInviteClients;
}

export const mayInviteAnybody = (actor: Actor, organizationId: string): boolean =>
  roles.some((role) => mayInvite(actor, organizationId, role));

/** Handing out the highest role needs a credential shown a moment ago. */
export const needsStepUp = (actor: Actor, role: Role): boolean => role === "org_admin" && !isFresh(actor);
