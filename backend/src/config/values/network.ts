import ipaddr from "ipaddr.js";
import { z } from "zod";

/** Splits a comma-separated list; spaces around entries and empty entries do not count. */
export const entriesOf = (text: string): string[] =>
  text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");

/** This machine only: what a name that ends up in production by accident usually says. */
export const isLoopback = (hostname: string): boolean =>
  /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\])$/.test(hostname);

const webUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
    error: "is not an http or https URL",
    abort: true,
  })
  .refine(
    (text) => new URL(text).username === "" && new URL(text).password === "",
    "contains a user or password",
  );

/** A page somebody can open. */
export const pageUrl = webUrl.describe("an https URL");

/** A base that paths are appended to: comes back without trailing slash. */
export const baseUrl = webUrl
  .refine((text) => !/[?#]/.test(text), "has a query or fragment")
  .transform((text) => new URL(text).href.replace(/\/+$/, ""))
  .describe("an https URL without query or fragment");

/** A base without a path, because the paths below it are fixed. */
export const rootUrl = baseUrl
  .refine((text) => new URL(text).origin === text, "has a path")
  .describe("an https URL without path");

const isExactOrigin = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text;

/** Origins exactly as browsers send them, since they are compared as text. */
export const origins = z
  .string()
  .transform((text, context) => {
    const entries = entriesOf(text);
    entries.forEach((entry, i) => {
      if (isExactOrigin(entry)) return;
      const what = entry === "*" || entry === "null" ? "a wildcard or null" : "not an exact origin";
      context.addIssue(`names ${what} at position ${i + 1}`);
    });
    if (entries.length === 0) context.addIssue("names no origin");
    return [...new Set(entries)];
  })
  .describe(
    "origins separated by commas, such as https://app.your-domain.com: no path, no trailing slash, no default port, no *",
  );

/** The CIDR of one entry, or undefined. An IPv4-mapped one becomes IPv4, because client addresses are compared so. */
function cidrOf(entry: string): string | undefined {
  const [address = "", bits, ...rest] = entry.split("/");
  const plain =
    ipaddr.IPv4.isValidFourPartDecimal(address) || (address.includes(":") && ipaddr.IPv6.isValid(address));
  if (!plain || rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return undefined;
  const ip = ipaddr.parse(address);
  const width = ip.kind() === "ipv4" ? 32 : 128;
  const prefix = bits === undefined ? width : Number(bits);
  if (prefix > width) return undefined;
  if (ip instanceof ipaddr.IPv6 && ip.isIPv4MappedAddress() && prefix >= 96)
    return `${ip.toIPv4Address()}/${prefix - 96}`;
  return `${ip}/${prefix}`;
}

/** Networks in CIDR notation; a single address counts as a network of one. */
export const networks = z
  .string()
  .transform((text, context) =>
    entriesOf(text).flatMap((entry, i) => {
      const cidr = cidrOf(entry);
      if (cidr === undefined) context.addIssue(`names neither a network nor an address at position ${i + 1}`);
      else if (cidr.endsWith("/0")) context.addIssue(`trusts the whole internet at position ${i + 1}`);
      else return [cidr];
      return [];
    }),
  )
  .describe("addresses or CIDRs of your proxies separated by commas, such as 10.0.0.0/8,192.0.2.7");
