import { createRoute, type RouteConfig } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { can, isFresh, type Permission } from "../auth/access.ts";
import type { Actor } from "../auth/actor.ts";
import { enforce } from "../auth/enforce.ts";
import { AppError } from "../errors.ts";
import type { AppEnv, SecuredEnv } from "./app-env.ts";
import { idempotent } from "./idempotency.ts";
import { isId } from "./ids.ts";
import { readJsonBody } from "./json-body.ts";
import { refuses } from "./openapi-common.ts";
import { takes } from "./openapi-headers.ts";

const denied = { 403: refuses("Forbidden") };

/** What the permission table does not say: a setting of the server, or of the organization in the path. */
type Policy = (actor: Actor, organizationId: string) => boolean;

interface Options {
  readonly permission: Permission;
  /** Decides on the caller, not on a row: those are the service's. */
  readonly policy?: Policy;
  /** The answer carries a secret that is shown once: it is never stored for replay. */
  readonly secretAnswer?: true;
  /** The answer is about this moment and this auth session: done again however often it is asked, nothing is kept. */
  readonly neverReplayed?: true;
  /** Needs a credential shown within the last ten minutes. */
  readonly stepUp?: true;
}

/**
 * A route behind the guard: signed in, member of the organization in the path (`organizationId`) and allowed by role,
 * in this order and before the body is read. Writes `x-access` into the OpenAPI document; row rules are the service's.
 *
 * Without a `query` schema no query parameter is accepted, and without a `body` schema no body but `{}`.
 */
export const securedRoute = <
  P extends string,
  R extends Omit<RouteConfig, "path" | "middleware"> & { path: P },
>(
  { permission, policy, secretAnswer, neverReplayed, stepUp }: Options,
  config: R,
) => {
  const replays = config.method === "post" && !neverReplayed;
  const secured = {
    "x-access": permission,
    parameters: takes(...(replays ? (["Idempotency-Key"] as const) : [])),
    security: [{ bearer: [] as string[] }],
    middleware: guard(permission, {
      action: config.operationId ?? permission,
      policy,
      hasQuery: config.request?.query !== undefined,
      hasBody: config.request?.body !== undefined,
      replays,
      secretAnswer: secretAnswer ?? false,
      stepUp: stepUp ?? false,
    }),
  };
  const route = { ...config, ...secured, responses: { ...denied, ...config.responses } };
  return createRoute(route as unknown as R & typeof secured);
};

/** A route that needs nobody signed in; `reason` says why, and the list of them is a test. */
export const publicRoute = <
  P extends string,
  R extends Omit<RouteConfig, "path" | "middleware"> & { path: P },
>(
  reason: string,
  config: R,
) => {
  const open = {
    "x-access": "public",
    "x-public-reason": reason,
    security: [] as Record<string, string[]>[],
    middleware: publicGuard(config.request?.query !== undefined),
  };
  return createRoute({ ...config, ...open } as unknown as R & typeof open);
};

interface GuardOptions {
  action: string;
  policy: Policy | undefined;
  hasQuery: boolean;
  hasBody: boolean;
  replays: boolean;
  secretAnswer: boolean;
  stepUp: boolean;
}

function guard(permission: Permission, options: GuardOptions): MiddlewareHandler<SecuredEnv> {
  function admit(c: Context<SecuredEnv>, actor: Actor | null | undefined): void {
    if (!actor) throw new AppError("unauthenticated", "Sign in first");
    const organizationId = c.req.param("organizationId");
    c.set("attempt", { action: options.action });
    authorise(actor, permission, organizationId, () =>
      c.set("attempt", { action: options.action, ...(organizationId && { organizationId }) }),
    );
    if (options.policy?.(actor, organizationId ?? "") === false) enforce("forbidden");
    if (!options.hasQuery) refuseQuery(c.req.url);
    if (options.stepUp && !isFresh(actor))
      throw new AppError("step_up_required", "Show your credential again: POST /api/v1/me/step-up");
    c.set("actor", actor);
    c.set("caller", { ...actor, origin: c.get("origin"), alongside: c.get("alongside") });
  }

  return createMiddleware<SecuredEnv>(async (c, next) => {
    admit(c, c.get("actor"));
    if (c.req.method === "GET" || c.req.method === "HEAD") return next();
    const { complete } = c.env.incoming;
    const body = await readJsonBody(c.req);
    // Whoever sends slowly would keep the rights of the first byte until the last.
    if (!complete) admit(c, await c.get("lookAgain")?.());
    if (!options.hasBody && !/^\s*(\{\s*\})?\s*$/.test(body))
      throw new AppError("validation_failed", "This operation takes no fields");
    return options.replays ? idempotent(c, next, { body, secretAnswer: options.secretAnswer }) : next();
  });
}

const publicGuard = (hasQuery: boolean): MiddlewareHandler<AppEnv> =>
  createMiddleware<AppEnv>((c, next) => {
    if (!hasQuery) refuseQuery(c.req.url);
    return next();
  });

/** Where nothing may be asked, looking for the question mark is all the validation there is. */
function refuseQuery(url: string): void {
  const start = url.indexOf("?");
  if (start === -1 || start === url.length - 1) return;
  const fields = [...new URLSearchParams(url.slice(start)).keys()];
  throw new AppError("validation_failed", "The request data is invalid", {
    fields: fields.map((field) => ({ field, message: "Unknown parameter" })),
  });
}

function authorise(
  actor: Actor,
  permission: Permission,
  organizationId: string | undefined,
  belongs: () => void,
): void {
  if (organizationId !== undefined && !isId(organizationId)) throw new AppError("not_found", "Not found");
  const decision = can(actor, permission, organizationId);
  if (decision !== "unknown") belongs();
  enforce(decision);
}
