import { z } from "zod";
import { emailAddress } from "./basic.ts";
import { entriesOf } from "./network.ts";

/** As RFC 9116 wants them; an address alone becomes `mailto:`. Visible ASCII only, or one entry would be two lines. */
function toContact(entry: string): string | undefined {
  if (!/^[\x21-\x7e]+$/.test(entry)) return undefined;
  if (/^(mailto:[^@?]+@[^@?]+|tel:\+?[\d-]+)$/.test(entry)) return entry;
  if (/^https:/.test(entry) && URL.canParse(entry)) return new URL(entry).href;
  const { data } = emailAddress.safeParse(entry);
  return data && `mailto:${data}`;
}

/** Whom to tell of a vulnerability, the preferred one first. */
export const contacts = z
  .string()
  .transform((text, context) => {
    const entries = entriesOf(text).map(toContact);
    entries.forEach((contact, i) => {
      if (contact === undefined) context.addIssue(`names no address or https URL at position ${i + 1}`);
    });
    if (entries.length === 0) context.addIssue("names nobody");
    return entries.filter((contact) => contact !== undefined);
  })
  .describe("e-mail addresses or https URLs, separated by commas");
