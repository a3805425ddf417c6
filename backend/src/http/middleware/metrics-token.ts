import { createHash, timingSafeEqual } from "node:crypto";
import type { Step } from "../corridor.ts";
import type { ErrorCounter } from "../error-counter.ts";
import { bearerToken } from "./authenticate.ts";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** The tokens that are valid now: the operator may change them while the process runs. */
export type NewestTokens = () => readonly string[];

/** Tells the operator's token in an `Authorization` header; without a configured one there is none to tell. */
export function createTokenCheck(tokens: NewestTokens): (authorization: string | undefined) => boolean {
  return (authorization) => {
    const sent = bearerToken(authorization);
    return sent !== null && tokens().some((token) => timingSafeEqual(digest(sent), digest(token)));
  };
}

/** Lets a monitor read the counters with the operator's token instead of a person's. */
export function metricsToken(tokens: NewestTokens, errors: ErrorCounter): Step {
  const isToken = createTokenCheck(tokens);
  return (c) => {
    if (!isToken(c.req.header("authorization"))) return undefined;
    if (c.req.method !== "GET" && c.req.method !== "HEAD") return undefined;
    c.header("Cache-Control", "no-store");
    return c.json(errors.stats());
  };
}
