import type { Budget, Consumed, LimiterPort } from "../../adapters/limiter/port.ts";
import type { Actor } from "../../auth/actor.ts";
import type { Passwords } from "../../auth/password.ts";
import type { PasswordTrace, PasswordTraces } from "../../auth/password-trace.ts";
import type { SessionLookup } from "../../auth/session-lookup.ts";
import type { TokenRing, VerifiedToken } from "../../auth/token-ring.ts";
import type { UsedCodes } from "../../auth/used-codes.ts";
import type { Config } from "../../config/config.ts";
import { AppError } from "../../errors.ts";
import type { Aftermath } from "./sign-in.aftermath.ts";
import { answerBody } from "./sign-in.answer.ts";
import {
  AuthRefusal,
  type BetterAuthAnswer,
  type BetterAuthClient,
  type ClientRequest,
  deadLink,
} from "./sign-in.better-auth.ts";
import type { Gate } from "./sign-in.gate.ts";
import type { Guesses, Locks } from "./sign-in.guesses.ts";
import { onTheBeat } from "./sign-in.pace.ts";
import type { AuthCall, AuthEndpoint } from "./sign-in.schema.ts";

/** Somebody who showed a second factor to sign in a moment ago need not show it again. */
const freshMs = 10 * 60 * 1000;

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
  readonly betterAuth: BetterAuthClient;
  readonly usedCodes: UsedCodes;
  readonly passwords: Passwords;
  readonly traces: PasswordTraces;
  readonly tokens: TokenRing;
  readonly sessions: SessionLookup;
  readonly limiter: LimiterPort;
  readonly locks: Locks;
  readonly guesses: Guesses;
  readonly gate: Gate;
  readonly aftermath: Aftermath;
}

/** Calls Better-auth, and does before and after it what it leaves undone: budgets, locks, tokens, endings, audit. */
export function createSignInService(deps: Deps) {
  const { config, tokens, sessions, limiter, gate, guesses, locks, aftermath, usedCodes } = deps;
  const { ask, verifyPassword } = deps.betterAuth;

  const isTotp = (code: unknown): boolean => /^\d{6}$/.test(String(code));

  /** @throws AuthRefusal when the code was presented before */
  async function useOnce(userId: string, code: unknown): Promise<void> {
    if (isTotp(code) && !(await usedCodes.present(userId, String(code))))
      throw new AuthRefusal(401, "INVALID_CODE", "Invalid code");
  }

  /** The code of the authenticator app, or a backup code, of somebody who is signed in. */
  async function proveCode(code: unknown, actor: Actor, client: ClientRequest): Promise<void> {
    // An enrolment that is not finished has no code to prove: proving one would finish it.
    if (!actor.twoFactorEnabled) throw notEnrolled();
    await useOnce(actor.userId, code);
    const path = isTotp(code) ? "/two-factor/verify-totp" : "/two-factor/verify-backup-code";
    await ask({ method: "POST", path }, { code }, actor, client);
  }

  /** Better-auth asks for the password only; somebody at an unlocked screen has that from the browser. */
  async function askWithCode({ endpoint, input, actor }: AuthCall, client: ClientRequest) {
    const { code, ...rest } = input;
    if (!actor?.twoFactorEnabled) throw notEnrolled();
    const shown = actor.session.secondFactorAt;
    if (code === undefined && (shown === null || Date.now() - Date.parse(shown) > freshMs))
      throw new AppError("step_up_required", "Send a code as well, or sign in again");
    if (code !== undefined) await proveCode(code, actor, client);
    return ask(endpoint, rest, actor, client);
  }

  async function forward(
    call: AuthCall,
    client: ClientRequest,
    subject: string | undefined,
    trace: PasswordTrace,
  ): Promise<BetterAuthAnswer> {
    const { endpoint, actor } = call;
    const { invitationToken: _spent, ...input } = call.input;
    if (endpoint.needsCode) return askWithCode(call, client);
    if (endpoint.path === "/two-factor/verify-totp" && subject) await useOnce(subject, input.code);
    // Where to go on to is our business: with it, Better-auth answers without a body.
    const { callbackURL: _, ...query } = input;
    const once = () =>
      deps.traces.run(trace, () => ask(endpoint, endpoint.query ? query : input, actor, client));
    // Of two sign-ups with one address at once the loser finds the account when it looks again.
    return endpoint.family === "sign-up" ? once().catch(onlyIfUnavailable(once)) : once();
  }

  /** Sign-up hashes inside a transaction, which must not wait for other people's hashes. */
  async function traceFor({ endpoint, input }: AuthCall): Promise<PasswordTrace> {
    if (endpoint.path !== "/sign-up/email") return {};
    const password = String(input.password);
    return { premade: { password, hash: await deps.passwords.hash(password) } };
  }

  function translate(call: AuthCall, answer: BetterAuthAnswer): AuthAnswer {
    // A mail link proves an address; it signs nobody in past a second factor.
    const token = call.endpoint.path === "/verify-email" ? null : (answer.token?.signed ?? null);
    return {
      status: answer.status,
      body: answerBody(call, answer, token),
      token,
      location: call.endpoint.query ? page(call) : null,
    };
  }

  async function attempt(call: AuthCall, client: ClientRequest, subject?: string): Promise<AuthAnswer> {
    const { endpoint, input } = call;
    if (endpoint.path === "/verify-email" && (await aftermath.namesBanned(input.token))) throw deadLink();
    const trace = await traceFor(call);
    const answer = await forward(call, client, subject, trace).catch(async (error: unknown) => {
      // It tells that the password is right; to somebody banned nothing does.
      const tells = error instanceof AuthRefusal && error.code === "EMAIL_NOT_VERIFIED";
      throw tells && !(await aftermath.opens(trace.matched)) ? wrongCredential(endpoint) : error;
    });
    if (!(await aftermath.mayStay(call, answer, trace.matched))) throw wrongCredential(endpoint);
    await aftermath.succeeded(call, answer, client);
    return translate(call, answer);
  }

  async function perform(call: AuthCall, client: ClientRequest): Promise<AuthAnswer> {
    const proven = { ...client, provenEmail: await gate.pass(call) };
    try {
      return await guesses.guard(call, client, (subject) => attempt(call, proven, subject));
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
    async identify(bearer: string | null): Promise<{ actor: Actor; token: VerifiedToken } | null> {
      const token = bearer === null ? null : tokens.verify(bearer);
      const actor = token && (await sessions.find(token.raw));
      return token && actor ? { actor, token } : null;
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
        if (code !== undefined) await locks.code.guard(actor.userId, () => proveCode(code, actor, client));
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

const notEnrolled = () => new AuthRefusal(400, "TWO_FACTOR_NOT_ENABLED", "Two-factor sign-in is not enabled");

/** What Better-auth says to a wrong password, or to a wrong code. */
const wrongCredential = ({ path }: AuthEndpoint) =>
  path === "/sign-in/email"
    ? new AuthRefusal(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")
    : new AuthRefusal(401, "INVALID_CODE", "Invalid code");

const onlyIfUnavailable =
  <T>(again: () => Promise<T>) =>
  (error: unknown): Promise<T> => {
    if (error instanceof AppError && error.code === "unavailable") return again();
    throw error;
  };

/** The page of the web client to go on to, where the request named one. */
const page = ({ input }: AuthCall): string | null =>
  typeof input.callbackURL === "string" ? input.callbackURL : null;

function withError(target: string, code: string): string {
  const url = new URL(target);
  url.searchParams.set("error", code);
  return url.href;
}
