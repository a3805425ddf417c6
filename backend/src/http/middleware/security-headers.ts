import type { Step } from "../corridor.ts";

/**
 * What every answer carries. For JSON: nothing may be loaded, framed or posted; pages and streams have a policy of
 * their own. `X-XSS-Protection` is obsolete and harmless here; the policy we follow asks for this very value.
 */
export const securityHeadersOf = (hsts: string): readonly (readonly [name: string, value: string])[] => [
  ["X-Content-Type-Options", "nosniff"],
  ["X-Frame-Options", "DENY"],
  ["X-XSS-Protection", "1; mode=block"],
  ["Referrer-Policy", "no-referrer"],
  ["Strict-Transport-Security", hsts],
  // Clients read by CORS, which this does not touch; no page may embed what is read here.
  ["Cross-Origin-Resource-Policy", "same-origin"],
  [
    "Content-Security-Policy",
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  ],
];

/**
 * Set before anything else runs, so that refusals and errors carry them too.
 * On Node's own response, as everything that all answers carry: it costs a tenth of collecting them in a `Headers`.
 */
export function securityHeaders(hsts: string): Step {
  const headers = securityHeadersOf(hsts);
  return (c) => {
    for (const [name, value] of headers) c.env.outgoing.setHeader(name, value);
    return undefined;
  };
}
