import type { Actor } from "../../auth/actor.ts";

/** Platform admins always; everybody else where self-service is on. */
export const canCreateOrganization = (actor: Actor, signup: "open" | "closed"): boolean =>
  actor.globalRole === "platform_admin" || signup === "open";

/** Who creates an organization runs it; a platform admin stays outside of it. */
export const joinsOwnOrganization = (actor: Actor): boolean => actor.globalRole !== "platform_admin";
