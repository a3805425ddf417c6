import type { Budget, Consumed, LimiterPort } from "../../adapters/limiter/port.ts";
import type { Actor } from "../../auth/actor.ts";
import type { EndedSessions } from "../../auth/ended-sessions.ts";
import type { SessionLookup } from "../../auth/session-lookup.ts";
import type { TokenRing, VerifiedToken } from "../../auth/token-ring.ts";
import type { Config } from "../../config/config.ts";
import { AppError } from "../../errors.ts";
import type { Aftermath } from "./sign-in.aftermath.ts";
import { answerBody } from "./sign-in.answer.ts";
import type { createAttempts } from "./sign-in.attempt.ts";
import {
  AuthRefusal,
  type BetterAuthAnswer,
  type BetterAuthClient,
  type ClientRequest,
} from "./sign-in.better-auth.ts";
import type { Gate } from "./sign-in.gate.ts";
import type { Guesses, Locks } from "./sign-in.guesses.ts";
import { onTheBeat } from "./sign-in.pace.ts";
import type { AuthCall, AuthEndpoint } from "./sign-in.schema.ts";

export type SignInService = ReturnType<typeof createSignInService>;

/** What the client gets: a token is always the signed one. */
export interface AuthAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly token: string | null;
  readonly location: string | null;
}

interface Deps {
  readonly config: Pick<Config, "limits" | "auth">;
  readonly betterAuth: Pick<BetterAuthClient, "verifyPassword">;
  readonly attempts: ReturnType<typeof createAttempts>;
  readonly tokens: TokenRing;
  readonly sessions: SessionLookup;
  readonly endedSessions: EndedSessions;
  readonly limiter: LimiterPort;
  readonly locks: Locks;
  readonly guesses: Guesses;
  readonly gate: Gate;
  readonly aftermath: Aftermath;
}

/** Calls Better-auth, and does before and after it what it leaves undone: budgets, locks, tokens, endings, audit. */
export function createSignInService(deps: Deps) {
  const { config, tokens, sessions, endedSessions, limiter, gate, guesses, locks, attempts, aftermath } =
    deps;
  const { verifyPassword } = deps.betterAuth;

  function translate(call: AuthCall, answer: BetterAuthAnswer): AuthAnswer {
    const token = answer.token?.signed ?? null;
    return {
      status: answer.status,
      body: answerBody(call, answer, token),
      token,
      location: call.endpoint.query ? page(call) : null,
    };
  }

  async function perform(call: AuthCall, client: ClientRequest): Promise<AuthAnswer> {
    const proven = { ...client, provenEmail: await gate.pass(call) };
    try {
      const answer = await guesses.guard(call, client, (subject) => attempts.attempt(call, proven, subject));
      return translate(call, answer);
    } catch (error) {
      if (!(error instanceof AuthRefusal)) throw error;
      await aftermath.refused(call, error.code, client.origin);
      const target = page(call);
      if (!target || !call.endpoint.query) throw error;
      return { status: 302, body: {}, token: null, location: withError(target, error.code) };
    }
  }

  return {
    /** Counts a request against the budget of its family; null where it has none. */
    async admit(
      { family }: AuthEndpoint,
      network: string,
    ): Promise<{ used: Consumed; budget: Budget } | null> {
      if (!family) return null;
      const budget = config.limits.auth;
      return { used: await limiter.consume(`auth:${family}:${network}`, budget), budget };
    },

    /** Who the bearer token belongs to. */
    async identify(
      bearer: string | null,
      client: ClientRequest,
    ): Promise<{ actor: Actor; token: VerifiedToken } | null> {
      const token = bearer === null ? null : tokens.verify(bearer);
      if (!token) return null;
      const found = await sessions.find(token.raw);
      if (!found) await endedSessions.used(token.raw, client);
      return found && { actor: found.actor, token };
    },

    /** Better-auth's shape of a session, from our own lookup. */
    describe: (actor: Actor) => ({
      session: {
        id: actor.session.id,
        userId: actor.userId,
        token: tokens.sign(actor.session.token),
        createdAt: actor.session.createdAt,
        updatedAt: actor.session.updatedAt,
        expiresAt: actor.session.expiresAt,
      },
      user: {
        id: actor.userId,
        email: actor.email,
        name: actor.name,
        emailVerified: actor.emailVerified,
        twoFactorEnabled: actor.twoFactorEnabled,
        createdAt: actor.createdAt,
      },
    }),

    /**
     * Proves that the signed-in person still has the credential.
     *
     * @throws AppError `forbidden` when it is wrong, `account_locked`, `unavailable`
     */
    async prove(
      actor: Actor,
      { password = "", code }: { password?: string | undefined; code?: string | undefined },
      client: ClientRequest,
    ): Promise<void> {
      try {
        if (code !== undefined)
          await locks.code.guard(actor.userId, () => attempts.proveCode(code, actor, client));
        else await locks.password.guard(actor.email, () => verifyPassword(password, actor, client));
      } catch (error) {
        if (!(error instanceof AuthRefusal)) throw error;
        throw new AppError("forbidden", "The credential is wrong", { cause: error });
      }
    },

    /**
     * @throws AuthRefusal with Better-auth's code; AppError `rate_limited`, `account_locked`, `unavailable`, and what the
     *   gate refuses
     */
    perform: (call: AuthCall, client: ClientRequest): Promise<AuthAnswer> =>
      call.endpoint.tellsNobody ? onTheBeat(() => perform(call, client)) : perform(call, client),
  };
}

/** The page of the web client to go on to, where the request named one. */
const page = ({ input }: AuthCall): string | null =>
  typeof input.callbackURL === "string" ? input.callbackURL : null;

function withError(target: string, code: string): string {
  const url = new URL(target);
  url.searchParams.set("error", code);
  return url.href;
}
