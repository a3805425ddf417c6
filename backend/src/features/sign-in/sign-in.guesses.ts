import type { AccountLock } from "../../auth/account-lock.ts";
import { neighbourhoodOf } from "../../http/client-ip.ts";
import { type BetterAuthClient, type ClientRequest, deadChallenge } from "./sign-in.better-auth.ts";
import type { Devices } from "./sign-in.devices.ts";
import type { GuessCap } from "./sign-in.guess-cap.ts";
import type { AuthCall } from "./sign-in.schema.ts";

export type Guesses = ReturnType<typeof createGuesses>;

/** Guesses at a password, by address; and at a second factor, by user. */
export interface Locks {
  readonly password: AccountLock;
  readonly code: AccountLock;
}

interface Deps {
  readonly locks: Locks;
  readonly cap: GuessCap;
  readonly devices: Pick<Devices, "knows">;
  readonly betterAuth: Pick<BetterAuthClient, "challenged">;
}

interface Guess {
  readonly lock: AccountLock;
  /** An address, or a user id. */
  readonly subject: string;
  /** For an attempt to sign in; who is signed in already guesses at one account, which its lock sees to. */
  readonly owner?: { readonly email: string } | { readonly id: string };
}

/** Calls that could be guesses, and what slows them down. */
export function createGuesses({ locks, cap, devices, betterAuth }: Deps) {
  /** @throws AuthRefusal when there is no such challenge */
  async function guessed(
    { endpoint, actor, input }: AuthCall,
    { challenge }: ClientRequest,
  ): Promise<Guess | null> {
    if (endpoint.path === "/sign-in/email") {
      const email = String(input.email);
      return { lock: locks.password, subject: email, owner: { email } };
    }
    if (actor && "code" in input) return { lock: locks.code, subject: actor.userId };
    if (actor && ("password" in input || "currentPassword" in input))
      return { lock: locks.password, subject: actor.email };
    if (actor || endpoint.access !== "challenge") return null;
    const id = await betterAuth.challenged(challenge ?? "");
    if (id === null) throw deadChallenge();
    return { lock: locks.code, subject: id, owner: { id } };
  }

  return {
    /**
     * Makes an attempt, with whom it is a guess at.
     *
     * @throws AppError `rate_limited` or `account_locked` instead of making it
     */
    async guard<T>(
      call: AuthCall,
      client: ClientRequest,
      attempt: (subject?: string) => Promise<T>,
    ): Promise<T> {
      const guess = await guessed(call, client);
      if (!guess) return attempt();
      const { lock, subject, owner } = guess;
      const locked = () => lock.guard(subject, () => attempt(subject));
      if (!owner) return locked();
      const neighbourhood = neighbourhoodOf(client.origin.ip);
      return cap.guard({ neighbourhood, comesFromKnownPlace: () => devices.knows(owner, client) }, locked);
    },
  };
}
