import { createHash, timingSafeEqual } from "node:crypto";
import type { Step } from "../corridor.ts";
import type { ErrorCounter } from "../error-counter.ts";
import { bearerToken } from "./authenticate.ts";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Lets a monitor read the counters with the operator's token instead of a person's. */
export function metricsToken(token: string | undefined, errors: ErrorCounter): Step {
  const expected = token === undefined ? null : digest(token);
  return (c) => {
    const sent = bearerToken(c.req.header("authorization"));
    if (expected === null || sent === null || !timingSafeEqual(digest(sent), expected)) return undefined;
    if (c.req.method !== "GET" && c.req.method !== "HEAD") return undefined;
    c.header("Cache-Control", "no-store");
    return c.json(errors.stats());
  };
}
