import { mailbox, onOff, wholeNumber, word } from "../values/basic.ts";
import { password } from "../values/secret.ts";
import type { Variable } from "../variable.ts";

export const mail = {
  SMTP_HOST: {
    type: word,
    derived: "mails become files below DATA_DIR",
    required: "production",
    about: "Mail server",
  },
  SMTP_PORT: { type: wholeNumber(1, 65_535), default: "587", about: "Its port" },
  SMTP_SECURE: {
    type: onOff,
    derived: "on for port 465",
    about: "TLS from the first byte; otherwise STARTTLS is insisted on",
  },
  SMTP_USER: { type: password, about: "User at the mail server" },
  SMTP_PASS: { type: password, secret: true, about: "Its password" },
  SMTP_TLS_VERIFY: {
    type: onOff,
    default: "true",
    about: "Refuse a certificate that does not verify; always so in production",
  },
  MAIL_FROM: {
    type: mailbox,
    default: { development: "Coaching App <no-reply@localhost>" },
    required: "production",
    about: "Sender of all mail, Name <address>",
  },
} satisfies Record<string, Variable<unknown>>;
