import { createTransport } from "nodemailer";
import type { Config } from "../../config/config.ts";
import { AppError } from "../../errors.ts";
import { compose } from "./compose.ts";
import type { MailPort } from "./port.ts";

type SmtpConfig = Extract<Config["mail"], { driver: "smtp" }>;

/**
 * Why a mail did not go, without whom it was for: servers repeat the recipient in their answers, and this message
 * ends in logs and in the job table.
 */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  const { code, responseCode, command } = error as Error & {
    code?: string;
    responseCode?: number;
    command?: string;
  };
  if (responseCode !== undefined) return `${code} ${responseCode} at ${command ?? "connect"}`;
  return `${code ?? error.name}: ${error.message}`;
}

/**
 * Sends over SMTP, always through TLS (from the first byte, or by STARTTLS) unless plain text is allowed explicitly.
 * `send` rejects with AppError `unavailable` when the server was not reached in time or did not take the mail.
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
        throw new AppError("unavailable", `The mail server did not take a mail: ${reasonOf(error)}`);
      }
    },
    async close() {
      transport.close();
    },
  };
}
