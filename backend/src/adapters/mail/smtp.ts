import { createTransport } from "nodemailer";
import type { SMTPError } from "nodemailer/lib/smtp-connection";
import type { Config } from "../../config/config.ts";
import { AppError } from "../../errors.ts";
import { compose } from "./compose.ts";
import type { MailPort } from "./port.ts";

type SmtpConfig = Extract<Config["mail"], { driver: "smtp" }>;

/**
 * Why a mail did not go, without whom it was for: servers repeat the recipient in their answers, and this message
 * ends in logs and in the job table. A recipient that is refused for good (5xx) is `unprocessable`; everything else,
 * a refused sign-in or sender included, is for the operator to mend and worth another try.
 */
function failure(error: unknown): AppError {
  const { code, responseCode, command, message } = error as Partial<SMTPError>;
  if (responseCode === undefined)
    return new AppError("unavailable", `The mail server was not reached: ${code}: ${message}`);
  const permanent = command === "RCPT TO" && responseCode >= 500;
  return new AppError(
    permanent ? "unprocessable" : "unavailable",
    `The mail server did not take a mail: ${code} ${responseCode} at ${command ?? "connect"}`,
  );
}

/**
 * Sends over SMTP, always through TLS (from the first byte, or by STARTTLS) unless plain text is allowed explicitly.
 * `send` rejects with AppError `unavailable` when the server was not reached in time or did not take the mail, and
 * with `unprocessable` when it refused the recipient for good.
 */
export function createSmtpMail(config: SmtpConfig): MailPort {
  const transport = createTransport({
    pool: true,
    maxConnections: 3,
    host: config.host,
    port: config.port,
    secure: config.secure,
    requireTLS: !config.secure && !config.allowPlaintext,
    tls: { rejectUnauthorized: config.verifyCertificate, minVersion: "TLSv1.2" },
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 30_000,
    ...(config.user !== undefined && { auth: { user: config.user, pass: config.password ?? "" } }),
  });

  return {
    async send(message) {
      const mail = compose(message, config.from);
      try {
        await transport.sendMail(mail);
      } catch (error) {
        throw failure(error);
      }
    },
    async check() {
      try {
        await transport.verify();
      } catch (error) {
        throw failure(error);
      }
    },
    async close() {
      transport.close();
    },
  };
}
