/** Where somebody who found a vulnerability may turn to. */
export interface Disclosure {
  readonly publicUrl: string;
  /** URIs, the preferred one first; none when nobody was named. */
  readonly securityContacts: readonly string[];
  readonly securityPolicyUrl: string | undefined;
}

const dayMs = 24 * 60 * 60 * 1000;
const validDays = 180;

/** RFC 9116, or undefined without a contact. It never runs out while the server lives: what it says is set, not signed. */
export function securityTxt(
  { publicUrl, securityContacts, securityPolicyUrl }: Disclosure,
  now: Date,
): string | undefined {
  if (securityContacts.length === 0) return undefined;
  const today = Math.floor(now.getTime() / dayMs);
  const lines = [
    ...securityContacts.map((contact) => `Contact: ${contact}`),
    `Expires: ${new Date((today + validDays) * dayMs).toISOString()}`,
    "Preferred-Languages: en",
    `Canonical: ${publicUrl}/.well-known/security.txt`,
    ...(securityPolicyUrl === undefined ? [] : [`Policy: ${securityPolicyUrl}`]),
  ];
  return `${lines.join("\n")}\n`;
}
