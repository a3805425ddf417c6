import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { v7 as uuidv7 } from "uuid";
import { compose } from "./compose.ts";
import type { MailPort } from "./port.ts";

/** Told of every mail that was written, with the first link in it; development logs it, so that one can click on. */
export type OnMail = (to: string, link: string | undefined) => void;

const FIRST_LINK = /https?:\/\/\S+/;

/**
 * A mailbox of files: each mail becomes `<time>-<uuid>.eml` in `dir`, readable by this user only. Names sort by
 * time, and a file is there completely or not at all.
 */
export function createFileMailbox({
  dir,
  from,
  onMail,
}: {
  dir: string;
  from: string;
  onMail?: OnMail;
}): MailPort {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: "windows" });

  return {
    async send(message) {
      const { message: eml } = await transport.sendMail(compose(message, from));
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const name = `${new Date().toISOString().replaceAll(":", "-")}-${uuidv7()}.eml`;
      const unfinished = join(dir, `.${name}.tmp`);
      await writeFile(unfinished, eml, { mode: 0o600, flag: "wx" });
      await rename(unfinished, join(dir, name));
      onMail?.(message.to, FIRST_LINK.exec(message.text)?.[0]);
    },
    async check() {
      await mkdir(dir, { recursive: true, mode: 0o700 });
    },
    async close() {
      transport.close();
    },
  };
}
