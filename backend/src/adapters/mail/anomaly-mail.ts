import { layOut } from "./layout.ts";
import { displayName } from "./names.ts";
import type { MailMessage } from "./port.ts";

interface Told {
  /** What was counted. */
  readonly counts: string;
  readonly count: number;
  readonly minutes: number;
  readonly severity: "high" | "medium";
  readonly subjectKind: string;
  readonly subject: string;
  /** RFC 3339, UTC. */
  readonly foundAt: string;
}

interface Anomalies {
  readonly to: string;
  readonly name: string;
  readonly url: string;
  /** Null for what belongs to no organization. */
  readonly organizationName: string | null;
  readonly findings: readonly Told[];
}

/** More than anybody reads in a mail. */
const maxTold = 20;

/** Tells admins of what looks like an attack: rules, numbers, ids and networks, nothing that anybody wrote. */
export function anomalyMail({ organizationName, findings, ...recipient }: Anomalies): MailMessage {
  const where =
    organizationName === null ? "the platform" : (displayName(organizationName) ?? "your organization");
  const urgent = [...findings].sort((a, b) => Number(b.severity === "high") - Number(a.severity === "high"));
  const left = urgent.length - maxTold;
  return layOut({
    ...recipient,
    subject: `Unusual activity in ${where}`,
    paragraphs: [
      `The audit log of ${where} shows what may be an attack, or somebody in a hurry:`,
      ...urgent.slice(0, maxTold).map(sentence),
      ...(left > 0 ? [`And ${left} more.`] : []),
      "The audit log tells the rest: look for the action anomaly.detected, and for what else this person or network did.",
    ],
    button: "Open Coaching App",
    closing: "The same is not told again for an hour, and you get at most one of these mails in ten minutes.",
  });
}

const sentence = ({ count, counts, minutes, severity, subjectKind, subject, foundAt }: Told): string =>
  `${severity === "high" ? "Serious: " : ""}${count} ${counts}, within ${minutes} minutes (${subjectKind} ${subject}), noticed at ${foundAt}.`;
