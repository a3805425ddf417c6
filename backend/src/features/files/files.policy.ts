import { membershipIn } from "../../auth/access.ts";
import type { Actor } from "../../auth/actor.ts";
import { type Audience, type TargetName, targets } from "./files.targets.ts";

/** What the rules look at: the owner of the row, never anything the caller says. */
export interface FileOwnership {
  readonly target: TargetName;
  readonly organizationId: string | null;
  readonly uploadedBy: string;
  /** Whether the caller is active in an organization where the uploader is too. */
  readonly colleague: boolean;
}

export type Verdict = "allowed" | "unknown" | "forbidden" | "suspended";

/** `unknown` where the caller may not even know of the file. */
export function readVerdict(actor: Actor, file: FileOwnership): Verdict {
  return verdict(actor, targets[file.target].read, file, "unknown");
}

/** Deleting is for those who may upload. */
export function deleteVerdict(actor: Actor, file: FileOwnership): Verdict {
  const known = readVerdict(actor, file);
  if (known === "unknown" || known === "suspended") return known;
  return verdict(actor, targets[file.target].upload, file, "forbidden");
}

/**
 * Whether the caller may upload for this target and organization. A foreign organization is unknown, but for a logo
 * forbidden, whether it exists or not.
 */
export function uploadVerdict(actor: Actor, target: TargetName, organizationId: string | null): Verdict {
  const ownership = { target, organizationId, uploadedBy: actor.userId, colleague: true };
  return verdict(actor, targets[target].upload, ownership, target === "orgLogo" ? "forbidden" : "unknown");
}

function verdict(actor: Actor, audience: Audience, file: FileOwnership, stranger: Verdict): Verdict {
  if (actor.globalRole === "platform_admin" && audience.platformAdmin) return "allowed";
  if (file.organizationId === null) {
    const isOwner = file.uploadedBy === actor.userId;
    return isOwner || (audience.person === "colleague" && file.colleague) ? "allowed" : stranger;
  }
  const membership = membershipIn(actor, file.organizationId);
  // A platform admin knows every organization, so there is nothing to hide from one.
  if (!membership) return actor.globalRole === "platform_admin" ? "forbidden" : stranger;
  if (membership.status === "suspended" || membership.organization.suspended) return "suspended";
  return audience.roles.includes(membership.role) ? "allowed" : "forbidden";
}

/** The organization if the caller belongs to it: where a stranger is refused is not its business. */
export const knownIn = (actor: Actor, organizationId: string | null): string | null =>
  organizationId !== null && membershipIn(actor, organizationId) ? organizationId : null;
