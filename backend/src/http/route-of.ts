import type { Context } from "hono";
import { matchedRoutes } from "hono/route";
import type { AppEnv } from "./app-env.ts";

/** What a request is counted under where no route of ours would have answered it. */
const unknownRoute = "unknown";

/**
 * Names the template of the route that a request leads to, also where it was refused before: one of a fixed number of
 * texts, whatever path was asked for. Both bases of the API count as one.
 *
 * @param fixed paths below a route that stands for all methods.
 */
export function createRouteOf(fixed: Iterable<string>): (c: Context<AppEnv>) => string {
  const known = new Set(fixed);
  const names = new Map<string, string>();

  function nameOf(template: string): string {
    const name = names.get(template) ?? template.replace(/^\/api\/(?!v1\/|auth\/)/, "/api/v1/");
    names.set(template, name);
    return name;
  }

  return (c) => {
    const { path } = c.req;
    if (known.has(path)) return path;
    if (path.startsWith("/storage/")) return "/storage/*";
    const route = matchedRoutes(c).find(({ method }) => method !== "ALL");
    return route ? nameOf(route.path) : unknownRoute;
  };
}
