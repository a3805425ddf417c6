/** A mail ready to be sent; made by `templates.ts`, carried by the `mail` queue. */
export interface MailMessage {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/**
 * Sends one mail: SMTP, or the file mailbox of development. Rejects when the mail was not accepted; with AppError
 * `validation_failed` or `unprocessable` when trying again is of no use.
 */
export interface MailPort {
  send(message: MailMessage): Promise<void>;
  /** Rejects when a mail could not be handed over now. */
  check(): Promise<void>;
  close(): Promise<void>;
}
