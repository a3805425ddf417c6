import { createHash } from "node:crypto";
import type { BetterAuthPlugin } from "better-auth";
import { APIError, createAuthMiddleware } from "better-auth/api";
import { parseSetCookieHeader, setRequestCookie } from "better-auth/cookies";

/** Better-auth's cookie, the header a client sends it in, and the header the edge finds it in. */
const carried = [
  { cookie: "two_factor", request: "x-two-factor-challenge", response: "set-two-factor-challenge" },
  { cookie: "trust_device", request: "x-trust-device", response: "set-trust-device" },
] as const;

export interface CodeStore {
  /** Marks a code as presented; false when it was before. Atomic. */
  present(userId: string, codeHash: string): Promise<boolean>;
}

const isSecondFactor = (path: string | undefined): boolean => path?.startsWith("/two-factor/") ?? false;

/**
 * Makes two-factor sign-in work for clients without cookies, and each code usable once.
 *
 * Better-auth keeps a pending challenge in a cookie only, and accepts a time-based code again while its window lasts
 * (RFC 6238, 5.2, forbids that; better-auth#10387). A code counts as used when it is presented, so that of any number
 * of parallel attempts with it one at most gets through.
 */
export function twoFactorBridge(codes: CodeStore) {
  return {
    id: "two-factor-bridge",
    hooks: {
      before: [
        {
          matcher: (c) => isSecondFactor(c.path) || c.path === "/sign-in/email",
          handler: createAuthMiddleware(async (c) => {
            const source = c.request?.headers ?? c.headers;
            if (!source) return undefined;
            const headers = new Headers(source);
            for (const { cookie, request } of carried) {
              const value = source.get(request);
              if (value) setRequestCookie(headers, c.context.createAuthCookie(cookie).name, value);
            }
            return { context: { headers } };
          }),
        },
        {
          matcher: (c) => c.path === "/two-factor/verify-totp",
          handler: createAuthMiddleware(async (c) => {
            const userId = await challengedUser(c);
            const code = String(c.body?.code);
            const codeHash = createHash("sha256").update(`${userId}:${code}`).digest("hex");
            if (userId === null || !(await codes.present(userId, codeHash)))
              throw new APIError("UNAUTHORIZED", { code: "INVALID_CODE", message: "Invalid code" });
          }),
        },
      ],
      after: [
        {
          matcher: (c) => isSecondFactor(c.path) || c.path === "/sign-in/email",
          handler: createAuthMiddleware(async (c) => {
            const setCookie = c.context.responseHeaders?.get("set-cookie");
            if (!setCookie) return;
            const cookies = parseSetCookieHeader(setCookie);
            for (const { cookie, response } of carried) {
              const set = cookies.get(c.context.createAuthCookie(cookie).name);
              if (set?.value && set["max-age"] !== 0) c.setHeader(response, set.value);
            }
          }),
        },
      ],
    },
  } satisfies BetterAuthPlugin;
}

type HookContext = Parameters<Parameters<typeof createAuthMiddleware>[0]>[0];

/** Whose code it is: the owner of the session that enrols, or of the pending challenge (`<identifier>.<signature>`). */
async function challengedUser(c: HookContext): Promise<string | null> {
  const actorId = c.headers?.get("x-actor-id");
  if (actorId) return actorId;
  // Not from the cookie made of it: that is seen by the endpoint, which checks the signature, but not by this hook.
  const sent = decodeURIComponent(c.headers?.get("x-two-factor-challenge") ?? "");
  const identifier = sent.slice(0, Math.max(0, sent.lastIndexOf(".")));
  if (identifier === "") return null;
  const challenge = await c.context.internalAdapter.findVerificationValue(identifier);
  return challenge?.value ?? null;
}
