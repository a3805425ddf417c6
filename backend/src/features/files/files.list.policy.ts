import { type Decision, membershipIn, standingOf } from "../../auth/access.ts";
import type { Actor } from "../../auth/actor.ts";
import type { FileDto } from "./files.schema.ts";
import { type TargetName, targetNames, targets } from "./files.targets.ts";

type Status = FileDto["status"];
export const everyStatus: readonly Status[] = ["processing", "ready", "quarantined", "rejected"];

/** Kinds of files that an organization has. */
export const organizationTargets = targetNames.filter((name) => targets[name].parent === "organization");

/** Kinds of files, and in which states they are shown. */
interface Shown {
  readonly targets: readonly TargetName[];
  readonly statuses: readonly Status[];
}

/** Whether the caller may ask for an organization's files at all; which ones is for `listScope`. */
export function listVerdict(actor: Actor, organizationId: string): Decision {
  if (actor.globalRole === "platform_admin") return "allowed";
  const membership = membershipIn(actor, organizationId);
  if (!membership) return "unknown";
  const standing = standingOf(actor, membership);
  return standing === "active" ? "allowed" : standing;
}

/** What the caller gets to see in a list, kinds of equal states together. */
export function listScope(actor: Actor, organizationId: string): Shown[] {
  const groups = Map.groupBy(organizationTargets, (target) => shown(actor, target, organizationId).join());
  return [...groups.values()].map((names) => ({
    targets: names,
    statuses: names[0] ? shown(actor, names[0], organizationId) : [],
  }));
}

/**
 * Readers see what can be read, uploaders also what became of the rest; quarantine is for those who may end it:
 * org_admins, and platform admins whatever the kind.
 */
function shown(actor: Actor, target: TargetName, organizationId: string): readonly Status[] {
  const { read, upload } = targets[target];
  if (actor.globalRole === "platform_admin") return read.platformAdmin ? everyStatus : ["quarantined"];
  const role = membershipIn(actor, organizationId)?.role;
  if (role === undefined) return [];
  if (role === "org_admin") return everyStatus;
  if (upload.roles.includes(role)) return everyStatus.filter((status) => status !== "quarantined");
  return read.roles.includes(role) ? ["ready"] : [];
}
