import { isLoopback } from "../values/network.ts";
import { isPlaceholder } from "../weak-secret.ts";
import { type Check, check, when } from "./check.ts";

const MAIL_CATCHER = /mailpit|mailhog|maildev|mailcatcher|mailtrap|smtp4dev|ethereal\.email/i;

/** Hosts of development, which swallow mail instead of delivering it, and may be spoken to in plain text there. */
export const isMailCatcher = (host: string): boolean =>
  isLoopback(host.toLowerCase()) || host === "::1" || MAIL_CATCHER.test(host);

export const productionMail: readonly Check[] = [
  check({
    name: "The mail server is not one of development",
    reads: ["SMTP_HOST"],
    problem: (s) => when(isMailCatcher(s.SMTP_HOST ?? ""), "is a mail catcher or this machine"),
    fix: "name the server that delivers your mail",
  }),
  check({
    name: "The mail password is not a placeholder",
    reads: ["SMTP_PASS"],
    problem: (s) => when(isPlaceholder(s.SMTP_PASS ?? ""), "is a placeholder"),
    fix: "set it to the password of the mail account",
  }),
  check({
    name: "Mail goes only to a server with a valid certificate",
    reads: ["SMTP_TLS_VERIFY"],
    problem: (s) => when(!s.SMTP_TLS_VERIFY, "is off"),
    fix: "remove it, and give the mail server a certificate that verifies",
  }),
  check({
    name: "TLS suits the port of the mail server",
    reads: ["SMTP_SECURE", "SMTP_PORT"],
    problem: (s) =>
      when(s.SMTP_PORT === 465 && s.SMTP_SECURE === false, "is off for port 465, which speaks TLS only"),
    fix: "remove it, or use port 587",
  }),
];
