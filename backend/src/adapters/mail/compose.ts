import type { SendMailOptions } from "nodemailer";
import { checkAddress, checkSubject } from "./address.ts";
import type { MailMessage } from "./port.ts";

/**
 * A message as nodemailer takes it. The recipient is handed over as an object, because nodemailer parses strings: a
 * comma in one adds a recipient.
 *
 * @param from the sender of our configuration, "Name <address>" or an address
 */
export function compose(message: MailMessage, from: string): SendMailOptions {
  return {
    from,
    to: { name: "", address: checkAddress(message.to) },
    subject: checkSubject(message.subject),
    text: message.text,
    html: message.html,
    // Keeps vacation responders quiet (RFC 3834).
    headers: { "Auto-Submitted": "auto-generated" },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
