import { z } from "zod";

const isRedisUrl = (text: string): boolean =>
  URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol) && new URL(text).hostname !== "";

export const redisUrl = z
  .string()
  .refine(isRedisUrl, { error: "is not a Redis URL with a host", abort: true })
  .refine((text) => /^(\/(\d{1,3})?)?$/.test(new URL(text).pathname), "names no database by number")
  .refine((text) => !/[?#]/.test(text), "has a query or fragment")
  .describe("redis://host:6379, or rediss:// for TLS");

/** The password inside a checked URL, decoded; empty when there is none. */
export const passwordInUrl = (url: string): string => decodeURIComponent(new URL(url).password);

/** The checked URL with another password: one that a client finds in it wins over any that it is told beside it. */
export function withRedisPassword(url: string, password: string | undefined): string {
  if (password === undefined) return url;
  return Object.assign(new URL(url), { password: encodeURIComponent(password) }).href;
}
