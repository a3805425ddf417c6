import { resolve } from "node:path";
import { z } from "zod";

/** A named choice. */
export const choice = <const T extends readonly [string, ...string[]]>(...names: T) =>
  z.enum(names, { error: "is none of the known names" }).describe(names.join(" or "));

export const onOff = z
  .stringbool({ truthy: ["on", "true"], falsy: ["off", "false"], error: "is neither on nor off" })
  .describe("on or off");

export function wholeNumber(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`;
  const error = `is not ${expected}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, error)
    .transform(Number)
    .pipe(z.number().min(min, error).max(max, error))
    .describe(expected);
}

/** Text without spaces or control characters at its ends or inside, as in names of hosts, buckets and regions. */
export const word = z
  .string()
  .regex(/^[\x21-\x7e]+$/, "contains spaces, control characters or letters outside ASCII")
  .describe("one word of visible ASCII characters");

/** Text on one line. */
export const line = z
  .string()
  .regex(/^[^\p{Cc}\p{Cs}]+$/u, "contains control characters")
  .describe("text on one line");

export const path = line.transform((text) => resolve(text)).describe("the path of a folder");

export const socketPath = path.describe("the path of a Unix socket");

export const appVersion = z
  .string()
  .regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}$/, "is not a version of three numbers")
  .describe("a version such as 2.4.0");

/** A header value that browsers understand; anything else would silently switch HSTS off. */
export const hsts = z
  .string()
  .regex(/^max-age=\d{1,10}(; ?includeSubDomains)?(; ?preload)?$/, "is not a Strict-Transport-Security value")
  .describe("max-age=…, then optionally ; includeSubDomains and ; preload");

const ADDRESS = /^[^\s@<>,;:"]+@[^\s@<>,;:"]+$/;

export const emailAddress = z
  .string()
  .max(254, "is longer than 254 characters")
  .regex(ADDRESS, "is not an e-mail address")
  .transform((text) => text.toLowerCase())
  .describe("an e-mail address");

/** `Name <address>` or an address alone. Line breaks would add mail headers. */
export const mailbox = line
  .refine((text) => ADDRESS.test(/^[^<>]*<([^<>]+)>$/.exec(text)?.[1] ?? text), "is not a mail sender")
  .describe("an address, or Name <address>");
