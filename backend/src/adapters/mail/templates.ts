import { layOut } from "./layout.ts";
import { displayName, personName } from "./names.ts";
import type { MailMessage } from "./port.ts";

/** Who it is for, and the page of the web client it leads to (http or https). */
interface Recipient {
  readonly to: string;
  readonly name: string;
  readonly url: string;
}

const NOT_YOU = "If this was not you, reset your password now and check your account.";

/** Asks a new account to prove its address. */
export const verifyEmailMail = ({ to, name, url }: Recipient): MailMessage =>
  layOut({
    to,
    name,
    subject: "Confirm your e-mail address",
    paragraphs: ["Please confirm that this is your e-mail address. You can then sign in to Coaching App."],
    button: { label: "Confirm e-mail address", url },
    closing: "If you did not create an account, you can ignore this mail.",
  });

/** Carries the link that sets a new password. */
export const resetPasswordMail = ({ to, name, url }: Recipient): MailMessage =>
  layOut({
    to,
    name,
    subject: "Reset your password",
    paragraphs: [
      "Somebody asked to reset the password of your account.",
      "The link works once and for a short time. A new password signs you out on every device.",
    ],
    button: { label: "Choose a new password", url },
    closing: "If this was not you, ignore this mail: your password stays as it is.",
  });

/** Sent instead of a verification when somebody signs up with an address that has an account. `url` leads to sign-in. */
export const existingAccountMail = ({ to, name, url }: Recipient): MailMessage =>
  layOut({
    to,
    name,
    subject: "You already have an account",
    paragraphs: [
      "Somebody tried to create an account with this e-mail address. You already have one, so nothing was changed.",
      "You can sign in with it. If you forgot your password, you can reset it there.",
    ],
    button: { label: "Sign in", url },
    closing: "If this was not you, you can ignore this mail.",
  });

/** Tells that the password is a new one. `url` leads to the password reset. */
export const passwordChangedMail = ({ to, name, url }: Recipient): MailMessage =>
  layOut({
    to,
    name,
    subject: "Your password was changed",
    paragraphs: ["The password of your account was changed. Every earlier sign-in was ended."],
    button: { label: "Reset password", url },
    closing: NOT_YOU,
  });

/** Tells that two-factor sign-in was turned on or off. `url` leads to the password reset. */
export const twoFactorChangedMail = ({
  to,
  name,
  url,
  enabled,
}: Recipient & { readonly enabled: boolean }): MailMessage =>
  layOut({
    to,
    name,
    subject: enabled ? "Two-factor sign-in was turned on" : "Two-factor sign-in was turned off",
    paragraphs: [
      enabled
        ? "From now on, signing in to your account also needs a code from your authenticator app."
        : "From now on, signing in to your account needs your password only.",
    ],
    button: { label: "Reset password", url },
    closing: NOT_YOU,
  });

/** Tells that the backup codes are new ones. `url` leads to the password reset. */
export const backupCodesReplacedMail = ({ to, name, url }: Recipient): MailMessage =>
  layOut({
    to,
    name,
    subject: "Your backup codes were replaced",
    paragraphs: ["New backup codes were made for your account. The earlier ones do not work any more."],
    button: { label: "Reset password", url },
    closing: NOT_YOU,
  });

/** Tells of a device that signs in without a second factor from now on. `url` leads to the password reset. */
export const deviceTrustedMail = ({ to, name, url }: Recipient): MailMessage =>
  layOut({
    to,
    name,
    subject: "A device was marked as trusted",
    paragraphs: [
      "A device that signed in to your account is trusted now: there, the password alone opens it for a while.",
      "A new password ends the trust in every device, and so does signing one of them out in your account.",
    ],
    button: { label: "Reset password", url },
    closing: NOT_YOU,
  });

/** Tells of a sign-in from where there was none before. `url` leads to the password reset. */
export const newSignInMail = ({
  to,
  name,
  url,
  device,
  ip,
}: Recipient & { readonly device: string | undefined; readonly ip: string }): MailMessage =>
  layOut({
    to,
    name,
    subject: "New sign-in to your account",
    paragraphs: [
      "Somebody signed in to your account from a device or network that was not used before.",
      `Device: ${device?.slice(0, 200) ?? "unknown"}. Address: ${ip}.`,
    ],
    button: { label: "Reset password", url },
    closing: NOT_YOU,
  });

/** Asks the present address whether the account may move to another one. */
export const emailChangeMail = ({
  to,
  name,
  url,
  newEmail,
}: Recipient & { readonly newEmail: string }): MailMessage =>
  layOut({
    to,
    name,
    subject: "Confirm the change of your e-mail address",
    paragraphs: [`Somebody asked to change the e-mail address of your account to ${newEmail}.`],
    button: { label: "Confirm the change", url },
    closing: "If this was not you, ignore this mail and change your password: the address stays as it is.",
  });

/** Asks the address that an account moves to whether it belongs to its owner. */
export const newAddressMail = ({ to, name, url }: Recipient): MailMessage =>
  layOut({
    to,
    name,
    subject: "Confirm your new e-mail address",
    paragraphs: [
      "You asked to use this address for your account from now on. Please confirm that it is yours.",
      "Then you sign in with it, on every device anew; the earlier address does not open the account any more.",
    ],
    button: { label: "Use this address", url },
    closing:
      "If you did not ask for this, ignore this mail: no account uses this address without your confirmation.",
  });

/** Tells that a file did not pass the malware scan; says neither which nor what was found. `url` leads to the client. */
export const fileQuarantinedMail = ({ to, name, url }: Recipient): MailMessage =>
  layOut({
    to,
    name,
    subject: "A file you uploaded is in quarantine",
    paragraphs: [
      "A file that you uploaded did not pass the malware scan. It is kept, but nobody can open it.",
      "Please check the device it came from. If you are sure that the file is harmless, ask an admin to release it.",
    ],
    button: { label: "Open Coaching App", url },
    closing: "If you did not upload a file, change your password.",
  });

/** Tells the earlier address that the account has left it. `url` leads to the password reset. */
export const emailChangedMail = ({
  to,
  name,
  url,
  newEmail,
}: Recipient & { readonly newEmail: string }): MailMessage =>
  layOut({
    to,
    name,
    subject: "Your e-mail address was changed",
    paragraphs: [
      `The e-mail address of your account is ${newEmail} now. Every earlier sign-in was ended.`,
      "This address opens the account no longer.",
    ],
    button: { label: "Coaching App", url },
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
    subject: `Invitation to ${organization}`,
    paragraphs: [
      inviter === null
        ? `You are invited to join ${organization} on Coaching App as ${ROLES[role]}.`
        : `${inviter} invites you to join ${organization} on Coaching App as ${ROLES[role]}.`,
      "The link works once and for seven days. If you have no account yet, create one with this e-mail address.",
    ],
    button: { label: "Open the invitation", url },
    closing: "If you do not expect this invitation, you can ignore this mail: nothing happens without you.",
  });
}
