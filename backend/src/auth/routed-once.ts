import { runWithAdapter } from "@better-auth/core/context";
import type { AuthContext, BetterAuthOptions } from "better-auth";
import { router } from "better-auth/api";

interface Routed {
  readonly options: BetterAuthOptions;
  /** `unknown`: its type names the very options it was made of, which the router does not ask for. */
  readonly $context: Promise<unknown>;
}

/**
 * Answers as Better-auth's own handler does. That one makes the router anew for each request, with every schema in it:
 * a tenth of what a sign-in costs beside the hash. Requests share the context, of which each gets a copy, as they do in
 * `auth.api`; it may not depend on them, so base URL and trusted origins are fixed.
 */
export function routedOnce({ options, $context }: Routed): (request: Request) => Promise<Response> {
  const routed = $context.then((shared) => {
    const context = shared as AuthContext;
    return { adapter: context.adapter, handler: router(context, options).handler };
  });
  return async (request) => {
    const { adapter, handler } = await routed;
    return runWithAdapter(adapter, () => handler(request));
  };
}
