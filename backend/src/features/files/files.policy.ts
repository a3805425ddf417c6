import { type Decision, membershipIn, standingOf } from "../../auth/access.ts";
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

export function readVerdict(actor: Actor, file: FileOwnership): Decision {
  return verdict(actor, targets[file.target].read, file, "unknown");
}

/** Deleting is for those who may upload. */
export function deleteVerdict(actor: Actor, file: FileOwnership): Decision {
  const known = readVerdict(actor, file);
  if (known !== "allowed" && known !== "forbidden") return known;
  return verdict(actor, targets[file.target].upload, file, "forbidden");
}

/** Whether the caller may upload for this target and organization. */
export function uploadVerdict(actor: Actor, target: TargetName, organizationId: string | null): Decision {
  const ownership = { target, organizationId, uploadedBy: actor.userId, colleague: true };
  const { upload, foreign } = targets[target];
  return verdict(actor, upload, ownership, foreign);
}

function verdict(actor: Actor, audience: Audience, file: FileOwnership, stranger: Decision): Decision {
  if (actor.globalRole === "platform_admin" && audience.platformAdmin) return "allowed";
  if (file.organizationId === null) {
    const isOwner = file.uploadedBy === actor.userId;
    return isOwner || (audience.colleagues && file.colleague) ? "allowed" : stranger;
  }
  const membership = membershipIn(actor, file.organizationId);
  // A platform admin knows every organization, so there is nothing to hide from one.
  if (!membership) return actor.globalRole === "platform_admin" ? "forbidden" : stranger;
  const standing = standingOf(actor, membership);
  if (standing === "unknown") return stranger;
  if (standing !== "active") return standing;
  return audience.roles.includes(membership.role) ? "allowed" : "forbidden";
}

/** The organization if the caller belongs to it: where a stranger is refused is not its business. */
export const knownIn = (actor: Actor, organizationId: string | null): string | null =>
  organizationId !== null && membershipIn(actor, organizationId) ? organizationId : null;
