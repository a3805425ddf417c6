import type { Finding } from "./anomalies.findings.ts";

export interface Recipient {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
}

export interface Letter {
  readonly to: Recipient;
  readonly findings: readonly Finding[];
}

/**
 * Who is written to about the findings of one log: its admins, but nobody about themselves. A finding that this
 * leaves nobody for goes to the platform's admins, and to all of them where there is no other.
 *
 * @param admins the organization's, or the platform's where the log is the platform's
 */
export function lettersAbout(
  findings: readonly Finding[],
  admins: readonly Recipient[],
  platformAdmins: readonly Recipient[],
): Letter[] {
  const letters = new Map<string, { to: Recipient; findings: Finding[] }>();
  for (const finding of findings) {
    const others = (people: readonly Recipient[]) =>
      people.filter(({ userId }) => userId !== finding.subject);
    const told = [others(admins), others(platformAdmins), platformAdmins].find(({ length }) => length > 0);
    for (const to of told ?? []) {
      const letter = letters.get(to.userId) ?? { to, findings: [] };
      letter.findings.push(finding);
      letters.set(to.userId, letter);
    }
  }
  return [...letters.values()];
}
