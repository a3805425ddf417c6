import { APIError } from "better-auth/api";
import type { Budget, Consumed, LimiterPort } from "../../adapters/limiter/port.ts";
import type { AccountLock } from "../../auth/account-lock.ts";
import type { Actor, Origin } from "../../auth/actor.ts";
import type { Auth } from "../../auth/better-auth.ts";
import type { SessionLookup } from "../../auth/session-lookup.ts";
import type { TokenRing, VerifiedToken } from "../../auth/token-ring.ts";
import type { Config } from "../../config/config.ts";
import { AppError } from "../../errors.ts";
import type { Aftermath } from "./sign-in.aftermath.ts";
import type { Gate } from "./sign-in.gate.ts";
import type { AuthCall, AuthEndpoint } from "./sign-in.schema.ts";

export type SignInService = ReturnType<typeof createSignInService>;

/** What of the client's request Better-auth gets to see. */
export interface ClientRequest {
  readonly origin: Origin;
  readonly userAgent: string | undefined;
  readonly challenge: string | undefined;
  readonly trustDevice: string | undefined;
  /** Address whose owner this client is, by a mail that only went there. Ours to say, never the client's. */
  readonly provenEmail?: string | undefined;
}

/** What Better-auth answered, in our terms: a token is always the signed one. */
export interface AuthAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly token: string | null;
  readonly location: string | null;
}

/** Better-auth's own refusal, with its own code. */
export class AuthRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Deps {
  readonly config: Pick<Config, "publicUrl" | "limits" | "auth">;
  readonly auth: Auth;
  readonly tokens: TokenRing;
  readonly sessions: SessionLookup;
  readonly limiter: LimiterPort;
  /** Guesses at a password, by address; and at a second factor, by user. */
  readonly passwordLock: AccountLock;
  readonly codeLock: AccountLock;
  readonly gate: Gate;
  readonly aftermath: Aftermath;
}

/** Calls Better-auth, and does before and after it what it leaves undone: budgets, locks, tokens, endings, audit. */
export function createSignInService(deps: Deps) {
  const { config, auth, tokens, sessions, limiter, gate, aftermath } = deps;

  /** Nothing of the client's request reaches Better-auth that is not named here. */
  function headersFor(actor: Actor | null, client: ClientRequest): Headers {
    const headers = new Headers({ "x-client-ip": client.origin.ip });
    if (client.userAgent) headers.set("user-agent", client.userAgent);
    if (client.challenge) headers.set("x-two-factor-challenge", client.challenge);
    if (client.trustDevice) headers.set("x-trust-device", client.trustDevice);
    if (client.provenEmail) headers.set("x-proven-email", client.provenEmail);
    if (client.origin.client) headers.set("x-client-name", client.origin.client);
    if (actor) {
      headers.set("authorization", `Bearer ${tokens.forBetterAuth(actor.session.token)}`);
      headers.set("x-actor-id", actor.userId);
    }
    return headers;
  }

  function forward(
    { method, path }: Pick<AuthEndpoint, "method" | "path">,
    input: Record<string, unknown>,
    actor: Actor | null,
    client: ClientRequest,
  ): Promise<Response> {
    const headers = headersFor(actor, client);
    const url = new URL(`${config.publicUrl}/api/auth${path}`);
    if (method === "GET") {
      for (const [name, value] of Object.entries(input)) url.searchParams.set(name, String(value));
      return auth.handler(new Request(url, { headers }));
    }
    headers.set("content-type", "application/json");
    return auth.handler(new Request(url, { method, headers, body: JSON.stringify(input) }));
  }

  /** Better-auth asks for the password only; somebody at an unlocked screen has that from the browser. */
  async function disableTwoFactor(
    { endpoint, input, actor }: AuthCall,
    client: ClientRequest,
  ): Promise<Response> {
    const { code, ...rest } = input;
    if (actor) await proveCode(String(code), actor, client);
    return forward(endpoint, rest, actor, client);
  }

  /** The code of the authenticator app, or a backup code, of somebody who is signed in. */
  function proveCode(code: string, actor: Actor, client: ClientRequest): Promise<Response> {
    const isTotp = /^\d{6}$/.test(code);
    const path = isTotp ? "/two-factor/verify-totp" : "/two-factor/verify-backup-code";
    return forward({ method: "POST", path }, { code }, actor, client);
  }

  /** What is guessed at by this call, if anything. */
  function guessed({ endpoint, actor, input }: AuthCall): { lock: AccountLock; subject: string } | null {
    if (endpoint.path === "/sign-in/email") return { lock: deps.passwordLock, subject: String(input.email) };
    if (!actor) return null;
    if ("code" in input) return { lock: deps.codeLock, subject: actor.userId };
    const asksPassword = "password" in input || "currentPassword" in input;
    return asksPassword ? { lock: deps.passwordLock, subject: actor.email } : null;
  }

  async function refused(call: AuthCall, client: ClientRequest, error: APIError): Promise<never> {
    const code = String(error.body?.code ?? error.status);
    // What Better-auth could not write is our trouble, not the caller's.
    if (error.statusCode >= 500 || code === "FAILED_TO_CREATE_USER")
      throw new AppError("unavailable", "Sign-in is not available at the moment: try again", {
        retryAfter: 5,
        cause: error,
      });
    await aftermath.refused(call, code, client.origin);
    throw new AuthRefusal(error.statusCode, code, error.body?.message ?? "The request was refused");
  }

  async function translate(call: AuthCall, client: ClientRequest, answer: Response): Promise<AuthAnswer> {
    const text = await answer.text();
    const body: Record<string, unknown> = text === "" ? {} : JSON.parse(text);
    const sent = answer.headers.get("set-auth-token");
    // A mail link proves an address; it signs nobody in past a second factor.
    const token = sent && call.endpoint.path !== "/verify-email" ? tokens.verify(sent) : null;
    if ("token" in body || token) body.token = token?.signed ?? null;
    const challenge = answer.headers.get("set-two-factor-challenge");
    if (challenge) body.challengeToken = challenge;
    const trusted = answer.headers.get("set-trust-device");
    if (trusted) body.trustDeviceToken = trusted;
    await aftermath.succeeded(call, body, token, client);
    const location = answer.headers.get("location");
    return { status: answer.status, body, token: token?.signed ?? null, location };
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
        image: null,
        createdAt: actor.createdAt,
      },
    }),

    /**
     * Proves that the signed-in person still has the credential.
     *
     * @throws AppError `forbidden` when it is wrong, `account_locked`
     */
    async prove(
      actor: Actor,
      { password, code }: { password?: string | undefined; code?: string | undefined },
      client: ClientRequest,
    ): Promise<void> {
      const byCode = code !== undefined;
      const lock = byCode ? deps.codeLock : deps.passwordLock;
      const subject = byCode ? actor.userId : actor.email;
      await lock.attempt(subject);
      try {
        if (byCode) await proveCode(code, actor, client);
        else
          await auth.api.verifyPassword({
            body: { password: password ?? "" },
            headers: headersFor(actor, client),
          });
      } catch (error) {
        if (error instanceof APIError && error.statusCode < 500)
          throw new AppError("forbidden", "The credential is wrong", { cause: error });
        throw error;
      }
      await lock.succeeded(subject);
    },

    /** @throws AuthRefusal with Better-auth's code; AppError `account_locked`, `unavailable`, and what the gate refuses */
    async perform(call: AuthCall, client: ClientRequest): Promise<AuthAnswer> {
      const { invitationToken: _, ...input } = call.input;
      const provenEmail = await gate.pass(call);
      const guess = guessed(call);
      await guess?.lock.attempt(guess.subject);
      try {
        const answer =
          call.endpoint.path === "/two-factor/disable"
            ? await disableTwoFactor(call, client)
            : await forward(call.endpoint, input, call.actor, { ...client, provenEmail });
        await guess?.lock.succeeded(guess.subject);
        return await translate(call, client, answer);
      } catch (error) {
        if (error instanceof APIError) return refused(call, client, error);
        throw error;
      }
    },
  };
}
