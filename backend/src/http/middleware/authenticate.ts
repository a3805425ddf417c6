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
  /** The id of the row that this request is going to read, where it can be read along. */
  readonly rowReadBy: (request: { method: string; path: string }) => string | undefined;
}

/** Default deny for all of `/api`: a signed bearer token of a living session, or nothing. */
export function authenticate({ tokens, sessions, endedSessions, isPublic, rowReadBy }: Deps): Step {
  return async (c) => {
    if (isPublic(c.req.path)) return undefined;
    const token = bearerToken(c.req.header("authorization"));
    const verified = token === null ? null : tokens.verify(token);
    const found = verified && (await sessions.find(verified.raw, rowReadBy(c.req)));
    if (verified && !found)
      await endedSessions.used(verified.raw, {
        origin: c.get("origin"),
        userAgent: c.req.header("user-agent"),
      });
    if (!verified || !found) throw new AppError("unauthenticated", "Sign in first");
    c.set("actor", found.actor);
    c.set("alongside", found.alongside);
    c.set("lookAgain", async () => (await sessions.find(verified.raw))?.actor ?? null);
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
