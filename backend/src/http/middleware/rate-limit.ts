import type { Context } from "hono";
import type { Budget, Consumed, LimiterPort } from "../../adapters/limiter/port.ts";
import type { AppEnv } from "../app-env.ts";
import { networkOf } from "../client-ip.ts";
import type { Step } from "../corridor.ts";
import { problem, tooMany } from "../problem.ts";

interface Budgets {
  readonly all: Budget;
  readonly write: Budget;
}

const requestsTip = "Send many changes in one bulk request, and cache what you read.";

const isWrite = (method: string): boolean => ["POST", "PUT", "PATCH", "DELETE"].includes(method);

/** Counts against the caller's address, before anybody looks at a token. */
export function limitByAddress(limiter: LimiterPort, budgets: Budgets): Step {
  return (c) => limit(c, limiter, budgets, `ip:${networkOf(c.get("origin").ip)}`);
}

/** Counts against the signed-in user, whatever address each request comes from. */
export function limitByUser(limiter: LimiterPort, budgets: Budgets): Step {
  return (c) => {
    const actor = c.get("actor");
    return actor ? limit(c, limiter, budgets, `user:${actor.userId}`) : undefined;
  };
}

async function limit(
  c: Context<AppEnv>,
  limiter: LimiterPort,
  { all, write }: Budgets,
  key: string,
): Promise<Response | undefined> {
  const total = await limiter.consume(`${key}:all`, all);
  announce(c, total, all);
  if (!total.allowed) return refuse(c, total, all, "Rate Limit Exceeded", requestsTip);
  if (!isWrite(c.req.method)) return undefined;
  const writes = await limiter.consume(`${key}:write`, write);
  announce(c, writes, write);
  if (!writes.allowed) return refuse(c, writes, write, "Write Rate Limit Exceeded", requestsTip);
  return undefined;
}

/** Tells the tightest budget so far: the one of which the smallest share is left. */
export function announce(c: Context<AppEnv>, used: Consumed, budget: Budget): void {
  const share = used.remaining / used.limit;
  const tightest = c.get("tightestShare");
  if (tightest !== undefined && tightest <= share) return;
  c.set("tightestShare", share);
  const { outgoing } = c.env;
  outgoing.setHeader("RateLimit-Limit", String(used.limit));
  outgoing.setHeader("RateLimit-Remaining", String(used.remaining));
  outgoing.setHeader("RateLimit-Reset", String(used.resetIn));
  outgoing.setHeader("RateLimit-Policy", `${budget.max};w=${budget.window}`);
}

/** @param tip what to do besides waiting */
export function refuse(
  c: Context<AppEnv>,
  used: Consumed,
  budget: Budget,
  title: string,
  tip?: string,
): Response {
  c.header("Retry-After", String(used.resetIn));
  return problem(c, "rate_limited", `Too many requests: try again in ${used.resetIn} seconds`, {
    title,
    members: tooMany(used.resetIn, { max: used.limit, window: budget.window }, tip),
  });
}
