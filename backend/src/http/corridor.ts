import type { Context, MiddlewareHandler } from "hono";
import type { AppEnv } from "./app-env.ts";

/** Looks at a request on its way in: lets it pass, answers it, or throws an AppError. */
export type Step = (c: Context<AppEnv>) => Response | undefined | Promise<Response | undefined>;

/** Steps in order, as one middleware: each one of Hono's own costs a closure and two promises a request. */
export function corridor(...steps: readonly Step[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    for (const step of steps) {
      const taken = step(c);
      const answer = taken instanceof Promise ? await taken : taken;
      if (answer) return answer;
    }
    await next();
    return undefined;
  };
}

/** A step for all paths but some. */
export const except =
  (isExempt: (path: string) => boolean, step: Step): Step =>
  (c) =>
    isExempt(c.req.path) ? undefined : step(c);
