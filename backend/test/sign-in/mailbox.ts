import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import PostalMime from "postal-mime";
import { vi } from "vitest";

export interface Received {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Links of the text part, in order. */
  readonly links: readonly URL[];
}

/** Mails in the file mailbox for one address, oldest first. */
export async function mailsTo(app: { mailDir: string }, address: string): Promise<Received[]> {
  const names = readdirSync(app.mailDir, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".eml"))
    .map((entry) => entry.name)
    .sort();
  const mails: Received[] = [];
  for (const name of names) {
    const {
      to,
      subject,
      text = "",
      html = "",
    } = await PostalMime.parse(readFileSync(join(app.mailDir, name)));
    if (!to?.some((recipient) => recipient.address === address)) continue;
    const links = [...text.matchAll(/https?:\/\/[^\s<>)]+/g)].map(([link]) => new URL(link));
    mails.push({ to: address, subject: subject ?? "", text, html, links });
  }
  return mails;
}

/** Waits for a mail to the address that the predicate takes. */
export const mailTo = (app: { mailDir: string }, address: string, matches: (mail: Received) => boolean) =>
  vi.waitFor(
    async () => {
      const found = (await mailsTo(app, address)).find(matches);
      if (!found) throw new Error(`no such mail to ${address}`);
      return found;
    },
    { timeout: 10_000, interval: 50 },
  );

/** Whether a mail leads to this page of the web client, and with a token. */
export const leadsTo = (path: string) => (mail: Received) =>
  mail.links.some((link) => link.pathname === path && link.searchParams.has("token"));

/** Token in the mail's link to that page. */
export function tokenIn(mail: Received, path: string): string {
  const token = mail.links.find((link) => link.pathname === path)?.searchParams.get("token");
  if (!token) throw new Error(`no token for ${path} in: ${mail.text}`);
  return token;
}
