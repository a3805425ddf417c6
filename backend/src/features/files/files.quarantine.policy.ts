import type { Decision } from "../../auth/access.ts";
import { membershipIn } from "../../auth/access.ts";
import type { Actor } from "../../auth/actor.ts";
import { type FileOwnership, readVerdict } from "./files.policy.ts";

/** Who may let a file out of quarantine. Never the uploader of an avatar, although it is theirs. */
export function releaseVerdict(actor: Actor, file: FileOwnership): Decision {
  if (actor.globalRole === "platform_admin") return "allowed";
  const known = readVerdict(actor, file);
  if (known !== "allowed") return known;
  if (file.organizationId === null) return "forbidden";
  return membershipIn(actor, file.organizationId)?.role === "org_admin" ? "allowed" : "forbidden";
}
