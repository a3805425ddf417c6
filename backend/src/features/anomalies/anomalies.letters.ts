import { and, eq, inArray, isNotNull, isNull } from "drizzle-orm";
import { anomalyMail } from "../../adapters/mail/anomaly-mail.ts";
import type { QueuePort } from "../../adapters/queue/port.ts";
import type { Transaction } from "../../db/client.ts";
import { member, organization, user } from "../../db/schema/index.ts";
import type { Finding } from "./anomalies.findings.ts";
import { lettersAbout, type Recipient } from "./anomalies.policy.ts";
import type { Rule } from "./anomalies.rules.ts";

interface Deps {
  readonly queue: QueuePort;
  readonly frontendUrl: string;
  readonly rules: readonly Rule[];
}

const person = { userId: user.id, email: user.email, name: user.name };

function platformAdmins(tx: Transaction): Promise<Recipient[]> {
  return tx
    .select(person)
    .from(user)
    .where(and(isNotNull(user.globalRole), isNull(user.bannedAt)));
}

interface Tenant {
  readonly name: string;
  readonly admins: Recipient[];
}

/** Names and admins of the organizations that are there; a deleted one has nobody to tell. */
async function tenantsOf(tx: Transaction, ids: readonly string[]): Promise<Map<string, Tenant>> {
  const rows = await tx
    .select({ id: organization.id, organizationName: organization.name, ...person })
    .from(organization)
    .innerJoin(member, eq(member.organizationId, organization.id))
    .innerJoin(user, eq(user.id, member.userId))
    .where(
      and(
        inArray(organization.id, [...ids]),
        isNull(organization.deletedAt),
        eq(member.role, "org_admin"),
        eq(member.status, "active"),
        isNull(user.globalRole),
        isNull(user.bannedAt),
      ),
    );
  const tenants = new Map<string, Tenant>();
  for (const { id, organizationName, ...admin } of rows) {
    const tenant = tenants.get(id) ?? { name: organizationName, admins: [] };
    tenant.admins.push(admin);
    tenants.set(id, tenant);
  }
  return tenants;
}

/** Writes to the admins of each log about what was found in it: one mail a person and log. */
export function createLetters({ queue, frontendUrl, rules }: Deps) {
  const byName = new Map(rules.map((rule) => [rule.name, rule]));

  const describe = ({ rule, subject, count, foundAt }: Finding) => {
    const known = byName.get(rule);
    return known ? [{ ...known, subjectKind: known.subject, subject, count, foundAt }] : [];
  };

  return async (tx: Transaction, findings: readonly Finding[]): Promise<void> => {
    if (findings.length === 0) return;
    const logs = Map.groupBy(findings, ({ log }) => log);
    const all = await platformAdmins(tx);
    const ids = [...logs.keys()].filter((log) => log !== "platform");
    const tenants = ids.length > 0 ? await tenantsOf(tx, ids) : new Map<string, Tenant>();
    for (const [log, found] of logs) {
      const tenant = log === "platform" ? { name: null, admins: all } : tenants.get(log);
      for (const { to, findings: told } of lettersAbout(found, tenant?.admins ?? [], all)) {
        const organizationName = tenant ? tenant.name : log;
        const described = told.flatMap(describe);
        if (described.length === 0) continue;
        await queue.enqueue(
          "mail",
          anomalyMail({
            to: to.email,
            name: to.name,
            url: frontendUrl,
            organizationName,
            findings: described,
          }),
          tx,
        );
      }
    }
  };
}
