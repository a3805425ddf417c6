import { createHash, timingSafeEqual } from "node:crypto";
import type { Step } from "../corridor.ts";
import type { ErrorCounter } from "../error-counter.ts";
import { bearerToken } from "./authenticate.ts";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Tells the operator's token in an `Authorization` header; without a configured one there is none to tell. */
export function createTokenCheck(token: string | undefined): (authorization: string | undefined) => boolean {
  const expected = token === undefined ? null : digest(token);
  return (authorization) => {
    const sent = bearerToken(authorization);
    return expected !== null && sent !== null && timingSafeEqual(digest(sent), expected);
  };
}

/** Lets a monitor read the counters with the operator's token instead of a person's. */
export function metricsToken(token: string | undefined, errors: ErrorCounter): Step {
  const isToken = createTokenCheck(token);
  return (c) => {
    if (!isToken(c.req.header("authorization"))) return undefined;
    if (c.req.method !== "GET" && c.req.method !== "HEAD") return undefined;
    c.header("Cache-Control", "no-store");
    return c.json(errors.stats());
  };
}
