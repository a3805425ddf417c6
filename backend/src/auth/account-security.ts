import { and, eq, ne, sql } from "drizzle-orm";
import { twoFactorChangedMail } from "../adapters/mail/templates.ts";
import type { QueuePort } from "../adapters/queue/port.ts";
import type { Transaction } from "../db/client.ts";
import { session, twoFactor, user, verification } from "../db/schema/index.ts";

/** What is done to a person's account as a whole, each in the transaction of whoever decided on it. */
export interface AccountSecurity {
  readonly endSessions: typeof endSessions;
  /** Takes the second factor away, with all that was won with it, and tells the person. */
  removeSecondFactor(tx: Transaction, person: { readonly userId: string }): Promise<void>;
}

interface Deps {
  readonly queue: QueuePort;
  readonly frontendUrl: string;
}

export type LockedPerson = NonNullable<Awaited<ReturnType<typeof lockPerson>>>;

/**
 * Whoever uses, changes or ends what opens an account holds this lock from before the first look until the commit: of
 * an ending and a sign-in with a second factor, a new password and a reset, one is over before the other begins.
 */
export async function lockPerson(tx: Transaction, userId: string) {
  const [person] = await tx
    .select({
      id: user.id,
      email: user.email,
      name: user.name,
      twoFactorEnabled: user.twoFactorEnabled,
      bannedAt: user.bannedAt,
    })
    .from(user)
    .where(eq(user.id, userId))
    .for("no key update");
  return person;
}

/** Pending challenges, trusted devices and links to reset the password: what was won with credentials before. */
async function forgetProofs(tx: Transaction, userId: string): Promise<void> {
  await tx.delete(verification).where(eq(verification.value, userId));
}

/**
 * Ends auth sessions, and what a lost device would sign in with again. Which session a device was trusted by is not
 * kept: ending one forgets them all, so that none survives its own.
 *
 * @param which the one that stays, or the only one that ends; all of them otherwise
 * @returns how many ended
 */
export async function endSessions(
  tx: Transaction,
  userId: string,
  { keep, only }: { readonly keep?: string | undefined; readonly only?: string } = {},
): Promise<number> {
  await lockPerson(tx, userId);
  const ended = await tx
    .delete(session)
    .where(
      and(
        eq(session.userId, userId),
        keep === undefined ? undefined : ne(session.token, keep),
        only === undefined ? undefined : eq(session.id, only),
      ),
    )
    .returning({ id: session.id });
  await forgetProofs(tx, userId);
  return ended.length;
}

export function createAccountSecurity({ queue, frontendUrl }: Deps): AccountSecurity {
  return {
    endSessions,

    async removeSecondFactor(tx, { userId }) {
      const person = await lockPerson(tx, userId);
      await tx.delete(twoFactor).where(eq(twoFactor.userId, userId));
      await forgetProofs(tx, userId);
      if (!person?.twoFactorEnabled) return;
      await tx
        .update(user)
        .set({ twoFactorEnabled: false, updatedAt: sql`now()`, version: sql`${user.version} + 1` })
        .where(eq(user.id, userId));
      const { email: to, name } = person;
      const url = `${frontendUrl}/reset-password`;
      await queue.enqueue("mail", twoFactorChangedMail({ to, name, url, enabled: false }), tx);
    },
  };
}
