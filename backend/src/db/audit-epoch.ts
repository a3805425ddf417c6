import { sql } from "drizzle-orm";
import type { Transaction } from "./client.ts";
import { auditEpoch } from "./schema/index.ts";

/**
 * Lets the audit log go on after it was loaded into a cluster that counts its transactions anew: whatever is written
 * from now on comes after everything that is there, sealed or not, and no seal changes. Owner only.
 *
 * @returns the transaction that the count goes on from
 */
export async function startAuditEpoch(tx: Transaction): Promise<bigint> {
  const {
    rows: [last],
  } = await tx.execute<{ xid: string }>(sql`
    select greatest(
      (select max(xid::text::numeric) from audit_event),
      (select max(to_xid::text::numeric) from audit_seal),
      (select max(xid_base) from audit_epoch),
      0
    )::text as xid`);
  const xidBase = BigInt(last?.xid ?? 0);
  await tx.insert(auditEpoch).values({ xidBase });
  return xidBase;
}
