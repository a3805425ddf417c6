import { rank, rankIn } from "../../auth/access.ts";
import type { Actor } from "../../auth/actor.ts";

/** Whose actions a caller reads: everybody's, or those of one person. */
export type AuditScope = "everyone" | { readonly actorId: string };

/** @param organizationId null is the platform's log, which only platform admins ask for. */
export const auditScope = (actor: Actor, organizationId: string | null): AuditScope =>
  organizationId === null || rankIn(actor, organizationId) >= rank.org_admin
    ? "everyone"
    : { actorId: actor.userId };
