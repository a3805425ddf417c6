import { eq } from "drizzle-orm";
import type { Transaction } from "./client.ts";
import { organization } from "./schema/index.ts";

/**
 * To be taken before any other row by what decides about people or settings of an organization: of two admins who act on
 * each other in the same moment the second sees what the first has done. It does not hold up what merely refers to the
 * organization, and finds nothing wrong with one that is not there.
 */
export async function lockOrganization(tx: Transaction, organizationId: string): Promise<void> {
  await tx
    .select({ id: organization.id })
    .from(organization)
    .where(eq(organization.id, organizationId))
    .for("no key update");
}
