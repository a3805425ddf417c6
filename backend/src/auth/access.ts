import type { Actor, Membership, Role } from "./actor.ts";

/** Who holds a permission. `anyone` is every signed-in person: the rest is decided on the row. */
interface Rule {
  readonly platformAdmin: boolean;
  readonly roles: readonly Role[];
  readonly anyone?: true;
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
  "file.upload": { platformAdmin: true, roles: everyRole, anyone: true },
  "file.read": { platformAdmin: true, roles: everyRole, anyone: true },
  "file.delete": { platformAdmin: true, roles: everyRole, anyone: true },
  "errors.read": { platformAdmin: true, roles: [] },
} as const satisfies Record<string, Rule>;

export type Permission = keyof typeof access;

export type Decision = "allowed" | "forbidden" | "suspended" | "unknown_organization";

/** The membership that counts: the one in the organization that owns the row, never a union. */
export function membershipIn(actor: Actor, organizationId: string): Membership | undefined {
  return actor.memberships.find((m) => m.organizationId === organizationId);
}

/**
 * Decides on the permission alone; row rules live in each feature's policy.
 *
 * @param organizationId the organization that owns what is asked for, if one does.
 * @returns `unknown_organization` where the caller may not even know that it exists.
 */
export function can(actor: Actor, permission: Permission, organizationId?: string): Decision {
  const rule: Rule = access[permission];
  if (rule.platformAdmin && actor.globalRole === "platform_admin") return "allowed";
  if (organizationId === undefined) return rule.anyone ? "allowed" : "forbidden";
  const membership = membershipIn(actor, organizationId);
  if (!membership) return "unknown_organization";
  if (membership.status === "suspended" || membership.organization.suspended) return "suspended";
  return rule.roles.includes(membership.role) ? "allowed" : "forbidden";
}
