import { type Decision, mayActOn, membershipIn, rank, rankIn } from "../../auth/access.ts";
import type { Actor, Role } from "../../auth/actor.ts";

/** Whose rows a caller may know of: everybody's, or those of some roles besides one's own. */
export type MemberScope = "everyone" | { readonly roles: readonly Role[]; readonly userId: string };

/** What the rules look at: the role held in the organization that owns the row. */
export interface MemberTarget {
  readonly organizationId: string;
  readonly userId: string;
  readonly role: Role;
  readonly status: "active" | "suspended" | "removed";
}

interface Changes {
  readonly role?: Role | undefined;
  readonly status?: "active" | "suspended" | undefined;
}

/** Staff know everybody, coaches each other, clients the coaches where the organization shows them. */
export function memberScope(actor: Actor, organizationId: string): MemberScope {
  if (rankIn(actor, organizationId) >= rank.manager) return "everyone";
  const membership = membershipIn(actor, organizationId);
  const knowsCoaches = membership?.role === "coach" || membership?.organization.clientsSeeDirectory === true;
  return { roles: knowsCoaches ? ["coach"] : [], userId: actor.userId };
}

/** Detail of a member within the scope: oneself, and those below; org_admins see each other. */
export const readVerdict = (actor: Actor, target: MemberTarget): Decision =>
  target.userId === actor.userId || mayActOn(rankIn(actor, target.organizationId), target.role)
    ? "allowed"
    : "forbidden";

/** Changing or removing: the old role and the new one lie below one's own, and nobody lifts themselves up. */
export function changeVerdict(actor: Actor, target: MemberTarget, changes: Changes = {}): Decision {
  const own = rankIn(actor, target.organizationId);
  const role = changes.role ?? target.role;
  const rises = rank[role] > rank[target.role] || (changes.status === "active" && target.status !== "active");
  if (rises && target.userId === actor.userId) return "forbidden";
  return mayActOn(own, target.role) && mayActOn(own, role) ? "allowed" : "forbidden";
}

/** Making somebody an org_admin: needs a fresh credential. */
export const grantsAdmin = (target: MemberTarget, { role }: Changes): boolean =>
  role === "org_admin" && target.role !== "org_admin";

/**
 * Ending the sessions or resetting the second factor of somebody else, strictly below.
 *
 * Rank is the one held in this organization, but these two act on the whole account, which opens the data of every
 * organization that the target belongs to: whoever belongs to another one, as whatever, is out of reach for those who do
 * not run that one too. Otherwise inviting somebody into an organization of one's own would be a way to weaken the
 * account that guards another. Only platform admins stand above that.
 *
 * @param memberOf every organization that the target belongs to, this one included.
 */
export function secureVerdict(actor: Actor, target: MemberTarget, memberOf: readonly string[]): Decision {
  if (target.userId === actor.userId) return "oneself";
  if (actor.globalRole === "platform_admin") return "allowed";
  const isBelow = rankIn(actor, target.organizationId) > rank[target.role];
  return isBelow && memberOf.every((id) => runs(actor, id)) ? "allowed" : "forbidden";
}

function runs(actor: Actor, organizationId: string): boolean {
  const membership = membershipIn(actor, organizationId);
  return membership?.role === "org_admin" && membership.status === "active";
}
