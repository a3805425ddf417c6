import { type Decision, membershipIn } from "../../auth/access.ts";
import type { Actor } from "../../auth/actor.ts";
import { type FileOwnership, readVerdict } from "./files.policy.ts";
import type { FileDto } from "./files.schema.ts";
import { type TargetName, targets } from "./files.targets.ts";

type Status = FileDto["status"];
export const everyStatus: readonly Status[] = ["processing", "ready", "quarantined", "rejected"];

/**
 * In which states an organization's files of a kind are shown: to readers what can be read, to uploaders also what
 * became of the rest; quarantine is for those who may end it: org_admins, and platform admins whatever the kind.
 */
export function shownStates(actor: Actor, target: TargetName, organizationId: string): readonly Status[] {
  const { read, upload } = targets[target];
  if (actor.globalRole === "platform_admin") return read.platformAdmin ? everyStatus : ["quarantined"];
  const role = membershipIn(actor, organizationId)?.role;
  if (role === undefined) return [];
  if (role === "org_admin") return everyStatus;
  if (upload.roles.includes(role)) return everyStatus.filter((status) => status !== "quarantined");
  return read.roles.includes(role) ? ["ready"] : [];
}

/** Who may know of one file in this state: whom the lists show it, and who uploaded it. */
export function seeVerdict(actor: Actor, file: FileOwnership, status: Status): Decision {
  if (status === "quarantined" && actor.globalRole === "platform_admin") return "allowed";
  const known = readVerdict(actor, file);
  if (known !== "allowed" || status === "ready" || file.uploadedBy === actor.userId) return known;
  if (actor.globalRole === "platform_admin") return "allowed";
  // Of a person's file, colleagues only know what is shown.
  const shown = file.organizationId === null ? [] : shownStates(actor, file.target, file.organizationId);
  return shown.includes(status) ? "allowed" : "forbidden";
}

/** Whether the scanner's finding is told: to those who would see the file in quarantine, also after its release. */
export const mayKnowThreat = (actor: Actor, file: FileOwnership): boolean =>
  seeVerdict(actor, file, "quarantined") === "allowed";
