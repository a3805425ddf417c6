import { eq } from "drizzle-orm";
import type { MailMessage } from "../../adapters/mail/port.ts";
import {
  backupCodesReplacedMail,
  deviceTrustedMail,
  emailChangedMail,
  passwordChangedMail,
  twoFactorChangedMail,
} from "../../adapters/mail/templates.ts";
import type { QueuePort } from "../../adapters/queue/port.ts";
import { endSessions } from "../../auth/account-security.ts";
import type { Actor } from "../../auth/actor.ts";
import { claimsOf } from "../../auth/mail-link.ts";
import type { Database } from "../../db/client.ts";
import { user } from "../../db/schema/index.ts";
import type { BetterAuthAnswer } from "./sign-in.better-auth.ts";
import type { AuthCall } from "./sign-in.schema.ts";

/** What the audit event says otherwise than the endpoint's table. */
export interface Told {
  readonly action?: string;
  readonly userId?: string;
  readonly changes?: Record<string, string>;
}

/** What a success of one endpoint brings about. */
type Consequence = (
  input: AuthCall["input"],
  answer: BetterAuthAnswer,
  actor: Actor | null,
) => Promise<Told | undefined>;

interface Deps {
  readonly db: Database;
  readonly queue: QueuePort;
  readonly frontendUrl: string;
}

/** By path: the sessions that end, and the mail that tells the owner of every change to what opens the account. */
export function createConsequences({
  db,
  queue,
  frontendUrl,
}: Deps): Readonly<Partial<Record<string, Consequence>>> {
  const url = `${frontendUrl}/reset-password`;
  const send = (mail: MailMessage): Promise<void> => queue.enqueue("mail", mail);
  const recipient = ({ email, name }: { email: string; name: string }) => ({ to: email, name, url });

  /** Ends every auth session but one, and whatever was won with the credentials of before. */
  async function endOthers(userId: string, keep?: string | undefined): Promise<void> {
    await db.transaction((tx) => endSessions(tx, userId, keep));
  }

  async function factorChanged(actor: Actor, { token }: BetterAuthAnswer, enabled: boolean): Promise<void> {
    await endOthers(actor.userId, token?.raw);
    await send(twoFactorChangedMail({ ...recipient(actor), enabled }));
  }

  /** Better-auth gives trust where it was asked for, to who has just shown a second factor. */
  async function deviceTrusted({ trustedDevice, body }: BetterAuthAnswer): Promise<void> {
    const owner = body.user as { email: string; name: string } | undefined;
    if (trustedDevice && owner) await send(deviceTrustedMail(recipient(owner)));
  }

  return {
    "/sign-up/email": async ({ invitationToken }) =>
      invitationToken === undefined ? {} : { changes: { verifiedBy: "invitation" } },

    "/verify-email": async ({ token }) => {
      const { email, updateTo, requestType } = claimsOf(token) ?? {};
      if (!email) return undefined;
      // The first of two links only sends the second: nothing has changed yet.
      const moved = updateTo !== undefined && requestType !== "change-email-confirmation";
      // By the address, as Better-auth answers nobody.
      const [owner] = await db
        .select({ id: user.id, name: user.name })
        .from(user)
        .where(eq(user.email, (moved ? updateTo : email).toLowerCase()));
      if (!owner) return undefined;
      if (!moved) return { userId: owner.id };
      await endOthers(owner.id);
      await send(emailChangedMail({ ...recipient({ email, name: owner.name }), newEmail: updateTo }));
      return { userId: owner.id, action: "user.email_changed" };
    },

    "/change-password": async (_, { token }, actor) => {
      if (!actor) return undefined;
      await endOthers(actor.userId, token?.raw);
      await send(passwordChangedMail(recipient(actor)));
      return undefined;
    },

    "/two-factor/verify-totp": async (_, answer, actor) => {
      await deviceTrusted(answer);
      if (!actor || actor.twoFactorEnabled) return undefined;
      await factorChanged(actor, answer, true);
      return { action: "user.two_factor_enabled" };
    },

    "/two-factor/verify-backup-code": async (_, answer) => {
      await deviceTrusted(answer);
      return undefined;
    },

    "/two-factor/disable": async (_, answer, actor) => {
      if (actor) await factorChanged(actor, answer, false);
      return undefined;
    },

    "/two-factor/generate-backup-codes": async (_input, _answer, actor) => {
      if (actor) await send(backupCodesReplacedMail(recipient(actor)));
      return undefined;
    },
  };
}
