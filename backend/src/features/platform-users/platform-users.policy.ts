import type { Decision } from "../../auth/access.ts";
import type { Actor } from "../../auth/actor.ts";

/**
 * Banning, ending sessions and resetting the second factor: of anybody else, other platform admins included. For one's
 * own account there are `/me` and the second factor's own routes, which ask for the credential itself.
 */
export const accountVerdict = (actor: Actor, userId: string): Decision =>
  userId === actor.userId ? "oneself" : "allowed";

/** The whole platform is not for an address that nobody proved to be theirs, nor for who is shut out of it. */
export const mayBePlatformAdmin = (person: {
  readonly emailVerified: boolean;
  readonly bannedAt: Date | null;
}): boolean => person.emailVerified && person.bannedAt === null;
