import type { Config } from "../../config/config.ts";
import { type LiveConfig, renewed } from "../../live.ts";
import { createMail } from "./create.ts";
import type { OnMail } from "./file.ts";
import type { MailMessage, MailPort } from "./port.ts";

/** A driver that knows what it is still sending. */
function createCounted(config: Pick<Config, "mail" | "dataDir">, onMail: OnMail | undefined) {
  const driver = createMail(config, onMail);
  const sending = new Set<Promise<void>>();
  return {
    driver,
    async send(message: MailMessage): Promise<void> {
      const sent = driver.send(message);
      sending.add(sent);
      await sent.finally(() => sending.delete(sent));
    },
    /** What is on its way still goes; nobody comes to send more. */
    async retire(): Promise<void> {
      await Promise.allSettled(sending);
      await driver.close();
    },
  };
}

/** Mail that signs in with the newest password. */
export function followMail(live: LiveConfig, onMail?: OnMail): MailPort {
  const { dataDir } = live.current;
  const newest = renewed(
    live,
    ({ mail }) => mail,
    (mail) => createCounted({ mail, dataDir }, onMail),
    (old) => void old.retire().catch(() => {}),
  );
  return {
    send: (message) => newest().send(message),
    check: () => newest().driver.check(),
    close: () => newest().driver.close(),
  };
}
