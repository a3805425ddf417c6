import type { Transaction } from "../db/client.ts";
import type { Actor, Caller, Membership, Role } from "./actor.ts";

/** Who holds a permission. `anyone` is every signed-in person: the rest is decided on the row. */
interface Rule {
  readonly platformAdmin: boolean;
  readonly roles: readonly Role[];
  readonly anyone?: true;
  /** Holds in an organization that was deleted and can still be brought back. */
  readonly deletedToo?: true;
}

const everyRole: readonly Role[] = ["org_admin", "manager", "coach", "client"];

/** The permission table as data; docs/permissions-and-roles.md says the same in words. */
export const access = {
  "self.read": { platformAdmin: true, roles: everyRole, anyone: true },
  "self.update": { platformAdmin: true, roles: everyRole, anyone: true },
  "organization.list": { platformAdmin: true, roles: [] },
  "organization.create": { platformAdmin: true, roles: everyRole, anyone: true },
  "organization.read": { platformAdmin: true, roles: everyRole },
  "organization.update": { platformAdmin: true, roles: ["org_admin"] },
  "organization.readSettings": { platformAdmin: true, roles: ["org_admin", "manager"] },
  "organization.updateSettings": { platformAdmin: true, roles: ["org_admin"] },
  "organization.setQuota": { platformAdmin: true, roles: [] },
  "organization.suspend": { platformAdmin: true, roles: [] },
  "organization.delete": { platformAdmin: true, roles: ["org_admin"] },
  "organization.restore": { platformAdmin: true, roles: ["org_admin"], deletedToo: true },
  "organization.leave": { platformAdmin: false, roles: everyRole },
  "member.read": { platformAdmin: true, roles: everyRole },
  "member.manage": { platformAdmin: true, roles: ["org_admin", "manager"] },
  "member.secure": { platformAdmin: true, roles: ["org_admin"] },
  "invitation.manage": { platformAdmin: true, roles: ["org_admin", "manager", "coach"] },
  "invitation.answer": { platformAdmin: true, roles: everyRole, anyone: true },
  "audit.read": { platformAdmin: true, roles: ["org_admin", "coach", "client"] },
  "audit.verify": { platformAdmin: true, roles: ["org_admin"] },
  "platform.users": { platformAdmin: true, roles: [] },
  "platform.audit": { platformAdmin: true, roles: [] },
  "file.upload": { platformAdmin: true, roles: everyRole, anyone: true },
  "file.read": { platformAdmin: true, roles: everyRole, anyone: true },
  "file.release": { platformAdmin: true, roles: ["org_admin"], anyone: true },
  "file.delete": { platformAdmin: true, roles: everyRole, anyone: true },
  "errors.read": { platformAdmin: true, roles: [] },
} as const satisfies Record<string, Rule>;

export type Permission = keyof typeof access;

export type Decision = Exclude<Standing, "active"> | "allowed" | "forbidden" | "oneself";

/** The membership that counts: the one in the organization that owns the row, never a union. */
export function membershipIn(actor: Actor, organizationId: string): Membership | undefined {
  return actor.memberships.find((m) => m.organizationId === organizationId);
}

/**
 * Decides on the permission alone; row rules live in each feature's policy.
 *
 * @param organizationId the organization that owns what is asked for, if one does.
 * @returns `unknown` where the caller may not even know that it exists.
 */
export function can(actor: Actor, permission: Permission, organizationId?: string): Decision {
  const rule: Rule = access[permission];
  if (rule.platformAdmin && actor.globalRole === "platform_admin") return "allowed";
  if (organizationId === undefined) return rule.anyone ? "allowed" : "forbidden";
  const membership = membershipIn(actor, organizationId);
  if (!membership) return "unknown";
  const standing = standingOf(actor, membership, rule.deletedToo);
  if (standing !== "active") return standing;
  return rule.roles.includes(membership.role) ? "allowed" : "forbidden";
}

/**
 * The caller with the rights of this moment. Between the guard and a change lie waits for locks, and a long list has
 * many changes: whoever acts on people asks again, once nothing is left to wait for.
 *
 * @throws AppError `unauthenticated` for who is banned or signed out meanwhile, and what the guard would refuse with
 */
export type CallerNow = (
  tx: Transaction,
  caller: Caller,
  permission: Permission,
  organizationId?: string,
) => Promise<Caller>;

/** What a membership is worth at the moment, whatever its role. */
export type Standing = "active" | "suspended" | "second_factor_needed" | "unknown";

/** @param deletedToo whether a deleted organization still counts. */
export function standingOf(actor: Actor, membership: Membership, deletedToo = false): Standing {
  const { organization, role, status } = membership;
  if (organization.deleted && !deletedToo) return "unknown";
  if (status === "suspended" || organization.suspended) return "suspended";
  const needsSecondFactor = organization.twoFactorRoles.includes(role) && !actor.twoFactorEnabled;
  return needsSecondFactor ? "second_factor_needed" : "active";
}

/** Rank of a role; only people of a lower rank may be acted on, and an org_admin may act on another. */
export const rank: Readonly<Record<Role | "platform_admin", number>> = {
  platform_admin: 5,
  org_admin: 4,
  manager: 3,
  coach: 2,
  client: 1,
};

/** The caller's rank in an organization; 0 for a stranger. */
export function rankIn(actor: Actor, organizationId: string): number {
  if (actor.globalRole === "platform_admin") return rank.platform_admin;
  const membership = membershipIn(actor, organizationId);
  return membership ? rank[membership.role] : 0;
}

/** The ceiling: below one's own rank, or org_admin on org_admin. */
export const mayActOn = (actorRank: number, role: Role): boolean =>
  actorRank > rank[role] || (actorRank === rank.org_admin && role === "org_admin");

/** How long a credential counts as just shown. */
export const freshMinutes = 10;

/** Whether the credential was shown within ten minutes: by the sign-in itself, or by a step-up. */
export function isFresh({ session }: Actor, now = Date.now()): boolean {
  const shown = Math.max(
    Date.parse(session.createdAt),
    session.steppedUpAt ? Date.parse(session.steppedUpAt) : 0,
  );
  return now - shown < freshMinutes * 60 * 1000;
}
