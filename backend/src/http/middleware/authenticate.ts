import type { EndedSessions } from "../../auth/ended-sessions.ts";
import type { SessionLookup } from "../../auth/session-lookup.ts";
import type { TokenRing } from "../../auth/token-ring.ts";
import { AppError } from "../../errors.ts";
import type { Step } from "../corridor.ts";

interface Deps {
  readonly tokens: TokenRing;
  readonly sessions: SessionLookup;
  readonly endedSessions: EndedSessions;
  /** Whether a path answers without a token; everything else, known or not, is 401. */
  readonly isPublic: (path: string) => boolean;
}

/** Default deny for all of `/api`: a signed bearer token of a living session, or nothing. */
export function authenticate({ tokens, sessions, endedSessions, isPublic }: Deps): Step {
  return async (c) => {
    if (isPublic(c.req.path)) return undefined;
    const token = bearerToken(c.req.header("authorization"));
    const verified = token === null ? null : tokens.verify(token);
    const actor = verified && (await sessions.find(verified.raw));
    if (verified && !actor)
      await endedSessions.used(verified.raw, {
        origin: c.get("origin"),
        userAgent: c.req.header("user-agent"),
      });
    if (!verified || !actor) throw new AppError("unauthenticated", "Sign in first");
    c.set("actor", actor);
    c.set("lookAgain", () => sessions.find(verified.raw));
    // Signed by an older secret: the client stores the new one, and the old secret can retire.
    if (verified.stale) c.env.outgoing.setHeader("set-auth-token", verified.signed);
    c.env.outgoing.setHeader("Cache-Control", "no-store");
    return undefined;
  };
}

/** The token of an `Authorization: Bearer` header (the scheme is case-insensitive, RFC 9110). */
export function bearerToken(header: string | undefined): string | null {
  return /^bearer +([^\s]+)$/i.exec(header ?? "")?.[1] ?? null;
}
