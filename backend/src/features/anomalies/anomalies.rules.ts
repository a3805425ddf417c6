import { type SQL, sql } from "drizzle-orm";
import { countedReads } from "../../adapters/reads/port.ts";

/** Events of the audit log, as what a rule counts. */
interface Events {
  readonly where: SQL;
  readonly subject: SQL;
  /** What is told apart; each event counts where nothing is. */
  readonly detail?: SQL;
}

/** What looks like an attack. A finding belongs to the log that its events are in, and only that log's admins are told. */
export interface Rule {
  readonly name: string;
  /** What was counted, as a mail says it after the number. */
  readonly counts: string;
  readonly threshold: number;
  readonly minutes: number;
  /** Logs it looks at: organizations tell their org_admins, the platform its platform_admins. */
  readonly logs: "all" | "platform";
  readonly subject: "user" | "network" | "account";
  readonly severity: "high" | "medium";
  /** Absent for what is counted while it happens. */
  readonly events?: Events;
  /** Whether it counts different details and not how many there were. */
  readonly different: boolean;
}

const octet = "(25[0-5]|2[0-4]\\d|1?\\d?\\d)";
/** With one `::`, or with eight groups; a colon of its own stands neither first nor last. */
const groups =
  "(?!.*::.*::)(?!.*:::)(?=.*::|([^:]*:){7}[^:]*$)(?=::|[0-9a-f])(?!.*[^:]:$)([0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}";
/** What surely is an address, so that PostgreSQL takes it for one. */
const address = `^(${octet}(\\.${octet}){3}|${groups})$`;

/**
 * What takes more than a rented machine to leave: IPv4 by /24, IPv6 by /48; a zone is no part of it. A text that is no
 * address stands for itself: an error would come back with every run, and end all detection.
 */
export const networkOf = (ip: SQL): SQL => {
  const bare = sql`split_part(${ip}, '%', 1)`;
  return sql`case when ${bare} ~ ${address}
    then network(set_masklen(${bare}::inet, case when ${bare} like '%:%' then 48 else 24 end))::text
    else ${ip} end`;
};
const network = networkOf(sql`ip`);

/** Refusals that are part of using the app are none: a credential to be shown again, a membership that is suspended. */
const refused = sql`result = 'denied' and action not in ('user.sign_in', 'user.ended_session_used')
  and changes->>'reason' not in ('step_up_required', 'suspended')`;

const guessed = sql`result = 'denied' and action = 'user.sign_in'
  and changes->>'reason' = 'INVALID_EMAIL_OR_PASSWORD' and ip is not null and target_id is not null`;

const signedIn = sql`result = 'allowed' and action in ('user.sign_in', 'user.second_factor') and ip is not null`;

const endedSessionUsed = sql`action = 'user.ended_session_used'`;

/** All rules; docs/operations/anomalies.md shows this table. */
export const rules: readonly Rule[] = [
  {
    name: "denials-by-actor",
    counts: "refused requests of one person",
    threshold: 20,
    minutes: 10,
    logs: "all",
    subject: "user",
    severity: "medium",
    different: false,
    events: { where: refused, subject: sql`actor_id::text` },
  },
  {
    name: "denials-by-network",
    counts: "refused requests from one network",
    threshold: 50,
    minutes: 10,
    logs: "all",
    subject: "network",
    severity: "medium",
    different: false,
    events: { where: sql`${refused} and ip is not null`, subject: network },
  },
  {
    name: "sign-ins-from-many-networks",
    counts: "networks from which one person signed in",
    threshold: 4,
    minutes: 60,
    logs: "platform",
    subject: "user",
    severity: "high",
    different: true,
    events: { where: signedIn, subject: sql`actor_id::text`, detail: network },
  },
  {
    name: "password-spraying",
    counts: "accounts at which one network failed to sign in",
    threshold: 10,
    minutes: 15,
    logs: "platform",
    subject: "network",
    severity: "high",
    different: true,
    events: { where: guessed, subject: network, detail: sql`target_id` },
  },
  {
    name: "distributed-guessing",
    counts: "networks that failed to sign in to one account",
    threshold: 5,
    minutes: 60,
    logs: "platform",
    subject: "account",
    severity: "high",
    different: true,
    events: { where: guessed, subject: sql`target_id`, detail: network },
  },
  {
    name: "ended-session-elsewhere",
    counts: "uses of an ended auth session, from a place that its owner never signed in from",
    threshold: 1,
    minutes: 60,
    logs: "platform",
    subject: "user",
    severity: "high",
    different: false,
    events: {
      where: sql`${endedSessionUsed} and changes->>'reason' = 'unknown_place'`,
      subject: sql`target_id`,
    },
  },
  {
    name: "ended-session-repeated",
    counts: "uses of an ended auth session, by an app that does not take no for an answer",
    threshold: 5,
    minutes: 60,
    logs: "platform",
    subject: "user",
    severity: "medium",
    different: false,
    events: { where: endedSessionUsed, subject: sql`target_id` },
  },
  {
    name: countedReads.files,
    counts: "files that one person read",
    threshold: 200,
    minutes: 60,
    logs: "all",
    subject: "user",
    severity: "medium",
    different: true,
  },
  {
    name: countedReads.records,
    counts: "records of lists that one person read",
    threshold: 10_000,
    minutes: 60,
    logs: "all",
    subject: "user",
    severity: "medium",
    different: false,
  },
  {
    name: "mass-exports",
    counts: "exports of an audit log by one person",
    threshold: 5,
    minutes: 60,
    logs: "all",
    subject: "user",
    severity: "medium",
    different: false,
    events: { where: sql`result = 'allowed' and action = 'audit.exported'`, subject: sql`actor_id::text` },
  },
];
