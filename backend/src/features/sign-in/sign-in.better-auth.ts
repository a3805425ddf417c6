import { APIError } from "better-auth/api";
import type { Actor, Origin } from "../../auth/actor.ts";
import type { Auth } from "../../auth/better-auth.ts";
import type { TokenRing, VerifiedToken } from "../../auth/token-ring.ts";
import { AppError } from "../../errors.ts";
import type { AuthEndpoint } from "./sign-in.schema.ts";

/** What of the client's request Better-auth gets to see. */
export interface ClientRequest {
  readonly origin: Origin;
  readonly userAgent: string | undefined;
  readonly challenge?: string | undefined;
  readonly trustDevice?: string | undefined;
  /** Address whose owner this client is, by a mail that only went there. Ours to say, never the client's. */
  readonly provenEmail?: string | undefined;
}

/** What Better-auth answered, with the tokens that it put into cookies and headers. */
export interface BetterAuthAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly token: VerifiedToken | null;
  readonly challenge: string | null;
  readonly trustedDevice: string | null;
}

/** Better-auth's own refusal, with its own code. */
export class AuthRefusal extends Error {
  override readonly name = "AuthRefusal";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export type BetterAuthClient = ReturnType<typeof createBetterAuthClient>;

interface Deps {
  readonly publicUrl: string;
  /** The newest: it signs with the current secret. */
  readonly auth: () => Auth;
  readonly tokens: TokenRing;
}

/** Requests to Better-auth, made anew: nothing of the client's reaches it that is not named here. */
export function createBetterAuthClient({ publicUrl, auth, tokens }: Deps) {
  function headersFor(actor: Actor | null, client: ClientRequest): Headers {
    const headers = new Headers({ "x-client-ip": client.origin.ip });
    if (client.userAgent) headers.set("user-agent", client.userAgent);
    if (client.challenge) headers.set("x-two-factor-challenge", client.challenge);
    if (client.trustDevice) headers.set("x-trust-device", client.trustDevice);
    if (client.provenEmail) headers.set("x-proven-email", client.provenEmail);
    if (client.origin.client) headers.set("x-client-name", client.origin.client);
    if (actor) headers.set("authorization", `Bearer ${tokens.forBetterAuth(actor.session.token)}`);
    return headers;
  }

  function requestFor(
    { method, path }: Pick<AuthEndpoint, "method" | "path">,
    input: Record<string, unknown>,
    headers: Headers,
  ): Request {
    const url = new URL(`${publicUrl}/api/auth${path}`);
    if (method === "POST") {
      headers.set("content-type", "application/json");
      return new Request(url, { method, headers, body: JSON.stringify(input) });
    }
    for (const [name, value] of Object.entries(input)) url.searchParams.set(name, String(value));
    return new Request(url, { headers });
  }

  /** @throws AuthRefusal for any answer of 4xx; AppError `unavailable` for what Better-auth could not do */
  async function ask(
    endpoint: Pick<AuthEndpoint, "method" | "path">,
    input: Record<string, unknown>,
    actor: Actor | null,
    client: ClientRequest,
  ): Promise<BetterAuthAnswer> {
    const answer = await settle(auth().handler(requestFor(endpoint, input, headersFor(actor, client))));
    const text = await answer.text();
    const body: Record<string, unknown> = text === "" ? {} : JSON.parse(text);
    // Some refusals are thrown, and some are answers.
    if (answer.status >= 400) throw refusal(answer.status, body, endpoint.path);
    // A mail link proves an address; it signs nobody in past a second factor.
    const sent = endpoint.path === "/verify-email" ? null : answer.headers.get("set-auth-token");
    return {
      status: answer.status,
      body,
      token: sent === null ? null : tokens.fromBetterAuth(sent),
      challenge: answer.headers.get("set-two-factor-challenge"),
      trustedDevice: answer.headers.get("set-trust-device"),
    };
  }

  /** @throws AuthRefusal when it is not the actor's password */
  async function verifyPassword(password: string, actor: Actor, client: ClientRequest): Promise<void> {
    await settle(auth().api.verifyPassword({ body: { password }, headers: headersFor(actor, client) }));
  }

  /** Whose challenge (`<identifier>.<signature>`) it is; the signature is Better-auth's to check. */
  async function challenged(challenge: string): Promise<string | null> {
    const sent = decoded(challenge);
    const identifier = sent.slice(0, Math.max(0, sent.lastIndexOf(".")));
    // Better-auth keeps other things in the same table, some of which name nobody.
    if (!/^2fa-(?!attempts-)/.test(identifier)) return null;
    const { internalAdapter } = await auth().$context;
    return (await internalAdapter.findVerificationValue(identifier))?.value ?? null;
  }

  /** Whose password a reset token is for; an unknown token is refused by Better-auth itself. */
  async function resetting(token: string): Promise<{ id?: string; name?: string; email?: string }> {
    const { internalAdapter } = await auth().$context;
    const verification = await internalAdapter.findVerificationValue(`reset-password:${token}`);
    return (verification && (await internalAdapter.findUserById(verification.value))) ?? {};
  }

  return { ask, challenged, resetting, verifyPassword };
}

/** Nothing for what is no text of ours: PostgreSQL, for one, has no NUL to look for. */
function decoded(sent: string): string {
  try {
    const text = decodeURIComponent(sent);
    return text.includes("\0") ? "" : text;
  } catch {
    return "";
  }
}

/** For a pending second factor that is unknown, answered or over. */
export const deadChallenge = () =>
  new AuthRefusal(401, "INVALID_TWO_FACTOR_CHALLENGE", "This sign-in is over: start again with the password");

/** For the link of a mail that was followed before, is too old, or was never sent. */
export const deadLink = (code?: string) =>
  code === "TOKEN_EXPIRED"
    ? new AuthRefusal(400, code, "This link is too old: ask for another one")
    : new AuthRefusal(400, "INVALID_TOKEN", "This link is not valid, or was used already");

async function settle<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof APIError) throw refusal(error.statusCode, error.body ?? {});
    throw error;
  }
}

function refusal(
  status: number,
  body: { code?: unknown; message?: unknown },
  path?: string,
): AppError | AuthRefusal {
  const code = String(body.code ?? status);
  // What Better-auth could not write is our trouble, not the caller's.
  if (status >= 500 || code === "FAILED_TO_CREATE_USER")
    return new AppError("unavailable", "Sign-in is not available at the moment: try again", {
      retryAfter: 5,
    });
  if (code === "INVALID_TWO_FACTOR_COOKIE") return deadChallenge();
  // No sign-in failed: the link did, and whose it was is nobody's business.
  if (path === "/verify-email") return deadLink(code);
  return new AuthRefusal(status, code, String(body.message ?? "The request was refused"));
}
