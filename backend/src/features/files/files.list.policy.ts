import { type Decision, membershipIn, standingOf } from "../../auth/access.ts";
import type { Actor } from "../../auth/actor.ts";
import type { FileDto } from "./files.schema.ts";
import { shownStates } from "./files.shown.policy.ts";
import { type TargetName, targetNames, targets } from "./files.targets.ts";

/** Kinds of files that an organization has. */
export const organizationTargets = targetNames.filter((name) => targets[name].parent === "organization");

/** Kinds of files, and in which states they are shown. */
interface Shown {
  readonly targets: readonly TargetName[];
  readonly statuses: readonly FileDto["status"][];
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
  const groups = Map.groupBy(organizationTargets, (target) =>
    shownStates(actor, target, organizationId).join(),
  );
  return [...groups.values()].map((names) => ({
    targets: names,
    statuses: names[0] ? shownStates(actor, names[0], organizationId) : [],
  }));
}
