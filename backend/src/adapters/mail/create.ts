import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { createFileMailbox, type OnMail } from "./file.ts";
import type { MailPort } from "./port.ts";
import { createSmtpMail } from "./smtp.ts";

/** The mail driver that the configuration names; the file mailbox lies in `<dataDir>/mail`. */
export function createMail({ mail, dataDir }: Pick<Config, "mail" | "dataDir">, onMail?: OnMail): MailPort {
  if (mail.driver === "smtp") return createSmtpMail(mail);
  return createFileMailbox({ dir: join(dataDir, "mail"), from: mail.from, ...(onMail && { onMail }) });
}
