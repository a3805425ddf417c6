import { createHash } from "node:crypto";
import { and, eq, gt, like, sql } from "drizzle-orm";
import type { Transaction } from "../db/client.ts";
import { verification } from "../db/schema/index.ts";
import { claimsOf } from "./mail-link.ts";

const kind = "address-change:";
/** As long as the link to the present address and the one to the new one can live, one after the other. */
const hours = 48;

const identifierOf = (address: string): string =>
  `${kind}${createHash("sha256").update(address.toLowerCase()).digest("base64url")}`;

/**
 * Notes which address somebody asked to move to; the last request counts. Better-auth's links say all that they need
 * themselves, and would work for a day whatever happens. This row is one of the proofs that every ending forgets
 * (`account-security.ts`): without it no link moves an account.
 */
export async function askForAddress(tx: Transaction, userId: string, address: string): Promise<void> {
  await tx
    .delete(verification)
    .where(and(eq(verification.value, userId), like(verification.identifier, `${kind}%`)));
  await tx.insert(verification).values({
    identifier: identifierOf(address),
    value: userId,
    expiresAt: sql`now() + ${hours} * interval '1 hour'`,
  });
}

/**
 * Whether a mail link, which nobody checked yet, is about anything but a move of the account, or about one that is still
 * asked for.
 */
export async function stillAskedFor(tx: Transaction, userId: string, mailToken: unknown): Promise<boolean> {
  const updateTo: unknown = claimsOf(mailToken)?.updateTo;
  if (typeof updateTo !== "string") return true;
  const asked = await tx
    .select({ id: verification.id })
    .from(verification)
    .where(
      and(
        eq(verification.value, userId),
        eq(verification.identifier, identifierOf(updateTo)),
        gt(verification.expiresAt, sql`now()`),
      ),
    );
  return asked.length > 0;
}
