import { layOut } from "./layout.ts";
import { displayName, personName } from "./names.ts";
import type { MailMessage } from "./port.ts";

/** Who it is for, and the page of the web client it leads to (http or https). */
interface Recipient {
  readonly to: string;
  readonly name: string;
  readonly url: string;
}

/** Tells of a change that the owner of the account may not have made; `url` leads to the password reset. */
const notice = (recipient: Recipient, subject: string, ...paragraphs: string[]): MailMessage =>
  layOut({
    ...recipient,
    subject,
    paragraphs,
    button: "Reset password",
    closing: "If this was not you, reset your password now and check your account.",
  });

/** Asks a new account to prove its address. */
export const verifyEmailMail = (recipient: Recipient): MailMessage =>
  layOut({
    ...recipient,
    subject: "Confirm your e-mail address",
    paragraphs: ["Please confirm that this is your e-mail address. You can then sign in to Coaching App."],
    button: "Confirm e-mail address",
    closing: "If you did not create an account, you can ignore this mail.",
  });

/** Carries the link that sets a new password. */
export const resetPasswordMail = (recipient: Recipient): MailMessage =>
  layOut({
    ...recipient,
    subject: "Reset your password",
    paragraphs: [
      "Somebody asked to reset the password of your account.",
      "The link works once and for a short time. A new password signs you out on every device.",
    ],
    button: "Choose a new password",
    closing: "If this was not you, ignore this mail: your password stays as it is.",
  });

/** Sent instead of a verification when somebody signs up with an address that has an account. `url` leads to sign-in. */
export const existingAccountMail = (recipient: Recipient): MailMessage =>
  layOut({
    ...recipient,
    subject: "You already have an account",
    paragraphs: [
      "Somebody tried to create an account with this e-mail address. You already have one, so nothing was changed.",
      "You can sign in with it. If you forgot your password, you can reset it there.",
    ],
    button: "Sign in",
    closing: "If this was not you, you can ignore this mail.",
  });

/** Tells that the password is a new one. */
export const passwordChangedMail = (recipient: Recipient): MailMessage =>
  notice(
    recipient,
    "Your password was changed",
    "The password of your account was changed. Every earlier sign-in was ended.",
  );

/** Tells that two-factor sign-in was turned on or off. */
export const twoFactorChangedMail = (recipient: Recipient & { readonly enabled: boolean }): MailMessage =>
  recipient.enabled
    ? notice(
        recipient,
        "Two-factor sign-in was turned on",
        "From now on, signing in to your account also needs a code from your authenticator app.",
      )
    : notice(
        recipient,
        "Two-factor sign-in was turned off",
        "From now on, signing in to your account needs your password only.",
      );

/** Tells that the backup codes are new ones. */
export const backupCodesReplacedMail = (recipient: Recipient): MailMessage =>
  notice(
    recipient,
    "Your backup codes were replaced",
    "New backup codes were made for your account. The earlier ones do not work any more.",
  );

/** Tells of a device that signs in without a second factor from now on. */
export const deviceTrustedMail = (recipient: Recipient): MailMessage =>
  notice(
    recipient,
    "A device was marked as trusted",
    "A device that signed in to your account is trusted now: there, the password alone opens it for a while.",
    "A new password ends the trust in every device, and so does signing one of them out in your account.",
  );

/** Tells of a sign-in from where there was none before. */
export const newSignInMail = ({
  device,
  ip,
  ...recipient
}: Recipient & { readonly device: string | undefined; readonly ip: string }): MailMessage =>
  notice(
    recipient,
    "New sign-in to your account",
    "Somebody signed in to your account from a device or network that was not used before.",
    `Device: ${device?.slice(0, 200) ?? "unknown"}. Address: ${ip}.`,
  );

/** Asks the present address whether the account may move to another one. */
export const emailChangeMail = ({
  newEmail,
  ...recipient
}: Recipient & { readonly newEmail: string }): MailMessage =>
  layOut({
    ...recipient,
    subject: "Confirm the change of your e-mail address",
    paragraphs: [`Somebody asked to change the e-mail address of your account to ${newEmail}.`],
    button: "Confirm the change",
    closing: "If this was not you, ignore this mail and change your password: the address stays as it is.",
  });

/** Asks the address that an account moves to whether it belongs to its owner. */
export const newAddressMail = (recipient: Recipient): MailMessage =>
  layOut({
    ...recipient,
    subject: "Confirm your new e-mail address",
    paragraphs: [
      "You asked to use this address for your account from now on. Please confirm that it is yours.",
      "Then you sign in with it, on every device anew; the earlier address does not open the account any more.",
    ],
    button: "Use this address",
    closing:
      "If you did not ask for this, ignore this mail: no account uses this address without your confirmation.",
  });

/** Tells that a file did not pass the malware scan; says neither which nor what was found. `url` leads to the client. */
export const fileQuarantinedMail = (recipient: Recipient): MailMessage =>
  layOut({
    ...recipient,
    subject: "A file you uploaded is in quarantine",
    paragraphs: [
      "A file that you uploaded did not pass the malware scan. It is kept, but nobody can open it.",
      "Please check the device it came from. If you are sure that the file is harmless, ask an admin to release it.",
    ],
    button: "Open Coaching App",
    closing: "If you did not upload a file, change your password.",
  });

/** Tells the earlier address that the account has left it. `url` leads to the password reset. */
export const emailChangedMail = ({
  newEmail,
  ...recipient
}: Recipient & { readonly newEmail: string }): MailMessage =>
  layOut({
    ...recipient,
    subject: "Your e-mail address was changed",
    paragraphs: [
      `The e-mail address of your account is ${newEmail} now. Every earlier sign-in was ended.`,
      "This address opens the account no longer.",
    ],
    button: "Coaching App",
    closing: "If this was not you, write to whoever runs your organization's Coaching App at once.",
  });

const ROLES = {
  org_admin: "an organization admin",
  manager: "a manager",
  coach: "a coach",
  client: "a client",
} as const;

interface Invited {
  readonly to: string;
  readonly organizationName: string;
  /** Null where the inviter stays unnamed. */
  readonly inviterName: string | null;
  readonly role: keyof typeof ROLES;
  readonly url: string;
}

/** Offers a role in an organization to an address that may have no account yet. */
export function invitationMail({ to, organizationName, inviterName, role, url }: Invited): MailMessage {
  const organization = displayName(organizationName) ?? "an organization";
  const inviter = inviterName === null ? null : personName(inviterName);
  return layOut({
    to,
    name: "",
    url,
    subject: `Invitation to ${organization}`,
    paragraphs: [
      inviter === null
        ? `You are invited to join ${organization} on Coaching App as ${ROLES[role]}.`
        : `${inviter} invites you to join ${organization} on Coaching App as ${ROLES[role]}.`,
      "The link works once and for seven days. If you have no account yet, create one with this e-mail address.",
    ],
    button: "Open the invitation",
    closing: "If you do not expect this invitation, you can ignore this mail: nothing happens without you.",
  });
}
