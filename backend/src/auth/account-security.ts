import { and, eq, ne, sql } from "drizzle-orm";
import { twoFactorChangedMail } from "../adapters/mail/templates.ts";
import type { QueuePort } from "../adapters/queue/port.ts";
import type { Transaction } from "../db/client.ts";
import { session, twoFactor, user, verification } from "../db/schema/index.ts";

/** What is done to a person's account as a whole, each in the transaction of whoever decided on it. */
export interface AccountSecurity {
  readonly endSessions: typeof endSessions;
  readonly forgetProofs: typeof forgetProofs;
  /** Takes the second factor away, with all that was won with it, and tells the person. */
  removeSecondFactor(tx: Transaction, person: SecuredPerson): Promise<void>;
}

interface SecuredPerson {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
}

interface Deps {
  readonly queue: QueuePort;
  readonly frontendUrl: string;
}

/** Pending challenges, trusted devices and links to reset the password: what was won with credentials before. */
async function forgetProofs(tx: Transaction, userId: string): Promise<void> {
  await tx.delete(verification).where(eq(verification.value, userId));
}

/**
 * Ends every auth session, and what a lost device would sign in with again.
 *
 * @param keep token of the one that stays
 * @returns how many ended
 */
export async function endSessions(
  tx: Transaction,
  userId: string,
  keep?: string | undefined,
): Promise<number> {
  const ended = await tx
    .delete(session)
    .where(and(eq(session.userId, userId), keep === undefined ? undefined : ne(session.token, keep)))
    .returning({ id: session.id });
  await forgetProofs(tx, userId);
  return ended.length;
}

export function createAccountSecurity({ queue, frontendUrl }: Deps): AccountSecurity {
  return {
    forgetProofs,
    endSessions,

    async removeSecondFactor(tx, { userId, email, name }) {
      // An enrolment that writes this row at the same time is waited for, and what it wrote is taken away.
      const [person] = await tx
        .select({ twoFactorEnabled: user.twoFactorEnabled })
        .from(user)
        .where(eq(user.id, userId))
        .for("no key update");
      await tx.delete(twoFactor).where(eq(twoFactor.userId, userId));
      await forgetProofs(tx, userId);
      if (!person?.twoFactorEnabled) return;
      await tx
        .update(user)
        .set({ twoFactorEnabled: false, updatedAt: sql`now()`, version: sql`${user.version} + 1` })
        .where(eq(user.id, userId));
      const url = `${frontendUrl}/reset-password`;
      await queue.enqueue("mail", twoFactorChangedMail({ to: email, name, url, enabled: false }), tx);
    },
  };
}
