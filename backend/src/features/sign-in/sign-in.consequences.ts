import type { MailMessage } from "../../adapters/mail/port.ts";
import {
  backupCodesReplacedMail,
  deviceTrustedMail,
  emailChangedMail,
  passwordChangedMail,
  twoFactorChangedMail,
} from "../../adapters/mail/templates.ts";
import type { QueuePort } from "../../adapters/queue/port.ts";
import { endSessions, type LockedPerson } from "../../auth/account-security.ts";
import { askForAddress } from "../../auth/address-change.ts";
import { claimsOf } from "../../auth/mail-link.ts";
import type { Transaction } from "../../db/client.ts";
import type { BetterAuthAnswer } from "./sign-in.better-auth.ts";
import type { AuthCall } from "./sign-in.schema.ts";

/**
 * What a success of one endpoint brings about, in its transaction.
 *
 * @param owner as they were before it
 * @returns what the audit event is called otherwise than in the endpoint's table
 */
type Consequence = (
  tx: Transaction,
  owner: LockedPerson,
  call: AuthCall,
  answer: BetterAuthAnswer,
) => Promise<string | undefined>;

interface Deps {
  readonly queue: QueuePort;
  readonly frontendUrl: string;
}

/** By path: the sessions that end, and the mail that tells the owner of every change to what opens the account. */
export function createConsequences({
  queue,
  frontendUrl,
}: Deps): Readonly<Partial<Record<string, Consequence>>> {
  const url = `${frontendUrl}/reset-password`;
  const send = (tx: Transaction, mail: MailMessage): Promise<void> => queue.enqueue("mail", mail, tx);
  const recipient = ({ email, name }: LockedPerson) => ({ to: email, name, url });

  const passwordChanged: Consequence = async (tx, owner, _, { token }) => {
    await endSessions(tx, owner.id, { keep: token?.raw });
    await send(tx, passwordChangedMail(recipient(owner)));
    return undefined;
  };

  const factorChanged =
    (enabled: boolean, action?: string): Consequence =>
    async (tx, owner, _, { token }) => {
      await endSessions(tx, owner.id, { keep: token?.raw });
      await send(tx, twoFactorChangedMail({ ...recipient(owner), enabled }));
      return action;
    };
  const enrolled = factorChanged(true, "user.two_factor_enabled");

  /** Better-auth gives trust where it was asked for, to who has just shown a second factor. */
  const secondFactorShown: Consequence = async (tx, owner, _, { trustedDevice }) => {
    if (trustedDevice) await send(tx, deviceTrustedMail(recipient(owner)));
    return undefined;
  };

  return {
    "/verify-email": async (tx, owner, { input }) => {
      const { updateTo, requestType } = claimsOf(input.token) ?? {};
      // The first of two links only sends the second: nothing has changed yet.
      if (updateTo === undefined || requestType === "change-email-confirmation") return undefined;
      await endSessions(tx, owner.id);
      await send(tx, emailChangedMail({ ...recipient(owner), newEmail: updateTo }));
      return "user.email_changed";
    },

    "/change-email": async (tx, owner, { input }) => {
      await askForAddress(tx, owner.id, String(input.newEmail));
      return undefined;
    },

    "/change-password": passwordChanged,
    "/reset-password": passwordChanged,

    "/two-factor/verify-totp": (tx, owner, call, answer) =>
      (call.actor && !owner.twoFactorEnabled ? enrolled : secondFactorShown)(tx, owner, call, answer),

    "/two-factor/verify-backup-code": secondFactorShown,
    "/two-factor/disable": factorChanged(false),

    "/two-factor/generate-backup-codes": async (tx, owner) => {
      await send(tx, backupCodesReplacedMail(recipient(owner)));
      return undefined;
    },
  };
}
