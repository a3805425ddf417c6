import { type Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { AppError } from "../../errors.ts";
import type { AppEnv } from "../../http/app-env.ts";
import { networkOf } from "../../http/client-ip.ts";
import { readJsonBody } from "../../http/json-body.ts";
import { bearerToken } from "../../http/middleware/authenticate.ts";
import { announce, refuse } from "../../http/middleware/rate-limit.ts";
import { problem } from "../../http/problem.ts";
import { fieldErrors } from "../../http/validation.ts";
import { AuthRefusal } from "./sign-in.better-auth.ts";
import type { AuthCall, AuthEndpoint } from "./sign-in.schema.ts";
import type { AuthAnswer, SignInService } from "./sign-in.service.ts";

const base = "/api/auth";

/**
 * `/api/auth`, the only way to Better-auth: listed operations, strict input, bearer tokens in both directions, our
 * limits, locks and error body. No cookie passes, inward or outward.
 */
export function signInRoutes(signIn: SignInService, endpoints: readonly AuthEndpoint[]): Hono<AppEnv> {
  const byPath = Map.groupBy(endpoints, (endpoint) => endpoint.path);
  return new Hono<AppEnv>().all("/*", async (c) => {
    c.header("Cache-Control", "no-store");
    const endpoint = choose(c, byPath.get(c.req.path.slice(base.length)));
    const admission = await signIn.admit(endpoint, networkOf(c.get("origin").ip));
    if (admission) {
      announce(c, admission.used, admission.budget);
      if (!admission.used.allowed) return refuse(c, admission.used, admission.budget, "Rate Limit Exceeded");
    }
    const actor = await identify(signIn, c, endpoint);
    const call: AuthCall = { endpoint, actor, input: await readInput(c, endpoint) };
    if (actor && endpoint.path === "/get-session") return c.json(signIn.describe(actor));
    try {
      return answer(c, await signIn.perform(call, clientOf(c)));
    } catch (error) {
      if (error instanceof AuthRefusal) return refusal(c, error);
      throw error;
    }
  });
}

function choose(c: Context<AppEnv>, known: readonly AuthEndpoint[] | undefined): AuthEndpoint {
  if (!known) throw new AppError("not_found", "Not found");
  const method = c.req.method === "HEAD" ? "GET" : c.req.method;
  const endpoint = known.find((one) => one.method === method);
  if (endpoint) return endpoint;
  c.header("Allow", known.map((one) => (one.method === "GET" ? "GET, HEAD" : one.method)).join(", "));
  throw new AppError("method_not_allowed", "This method is not offered here");
}

async function identify(signIn: SignInService, c: Context<AppEnv>, { access }: AuthEndpoint) {
  if (access === "public") return null;
  const bearer = bearerToken(c.req.header("authorization"));
  if (bearer === null && access === "challenge" && c.req.header("x-two-factor-challenge")) return null;
  const identity = await signIn.identify(bearer, clientOf(c));
  if (!identity) throw new AppError("unauthenticated", "Sign in first");
  if (identity.token.stale) c.header("set-auth-token", identity.token.signed);
  return identity.actor;
}

async function readInput(
  c: Context<AppEnv>,
  { body, query }: AuthEndpoint,
): Promise<Record<string, unknown>> {
  const queries = Object.entries(c.req.queries());
  if (queries.length > 0 && !query) throw new AppError("validation_failed", "This operation takes no query");
  if (query)
    return parse(
      query,
      Object.fromEntries(queries.map(([name, all]) => [name, all.length > 1 ? all : all[0]])),
    );
  return body ? parse(body, JSON.parse((await readJsonBody(c.req)) || "{}")) : {};
}

function parse(schema: NonNullable<AuthEndpoint["body"]>, value: unknown): Record<string, unknown> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new AppError("validation_failed", "The request data is invalid", {
    fields: fieldErrors(result.error),
  });
}

const clientOf = (c: Context<AppEnv>) => ({
  origin: c.get("origin"),
  userAgent: c.req.header("user-agent"),
  challenge: c.req.header("x-two-factor-challenge"),
  trustDevice: c.req.header("x-trust-device"),
});

function answer(c: Context<AppEnv>, { status, body, token, location }: AuthAnswer): Response {
  if (token) c.header("set-auth-token", token);
  if (location) return c.redirect(location, 302);
  return c.json(body, status as ContentfulStatusCode);
}

/** Better-auth's own code, in the body of every other problem. */
function refusal(c: Context<AppEnv>, { status, code, message }: AuthRefusal): Response {
  const locked = status === 429;
  if (locked) c.header("Retry-After", String(15 * 60));
  const kind = locked
    ? "account_locked"
    : status === 401
      ? "unauthenticated"
      : status === 403
        ? "forbidden"
        : "validation_failed";
  const title = locked ? "Account Locked" : "Refused";
  return problem(c, kind, message, { code, status: status as ContentfulStatusCode, title });
}
