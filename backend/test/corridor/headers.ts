/** What every answer of the API carries, whatever its status: exact values. */
export const securityHeaders: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "x-xss-protection": "1; mode=block",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=15552000; includeSubDomains",
  "cross-origin-resource-policy": "same-origin",
};

export const jsonPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export const forbiddenHeaders = ["server", "x-powered-by", "set-cookie", "via", "x-hono-already-sent"];

type Lookup = (name: string) => string | null | undefined;

/** Everything that is wrong with an answer's headers, in words. */
export function headerFlaws(get: Lookup, policy = jsonPolicy, embeddable = false): string[] {
  const wanted = {
    ...securityHeaders,
    "content-security-policy": policy,
    ...(embeddable && { "cross-origin-resource-policy": "cross-origin" }),
  };
  return [
    ...Object.entries(wanted)
      .filter(([name, value]) => get(name) !== value)
      .map(([name]) => `${name}: ${get(name)}`),
    ...(/^[A-Za-z0-9._-]{1,64}$/.test(get("x-request-id") ?? "") ? [] : ["x-request-id"]),
    ...forbiddenHeaders.filter((name) => get(name)).map((name) => `${name}: ${get(name)}`),
  ];
}
