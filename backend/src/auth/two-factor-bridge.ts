import type { BetterAuthPlugin } from "better-auth";
import { createAuthMiddleware } from "better-auth/api";
import { parseSetCookieHeader, setRequestCookie } from "better-auth/cookies";

/** Better-auth's cookie, the header a client sends it in, and the header the edge finds it in. */
const carried = [
  { cookie: "two_factor", request: "x-two-factor-challenge", response: "set-two-factor-challenge" },
  { cookie: "trust_device", request: "x-trust-device", response: "set-trust-device" },
] as const;

const isSecondFactor = (path: string | undefined): boolean => path?.startsWith("/two-factor/") ?? false;

/** Makes two-factor sign-in work for clients without cookies, which is where Better-auth keeps a pending challenge. */
export function twoFactorBridge() {
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
