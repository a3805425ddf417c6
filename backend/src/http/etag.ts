import type { Context } from "hono";
import { matchesEtag } from "../conditional.ts";
import type { SecuredEnv } from "./app-env.ts";

/** The strong ETag of a row's version. */
const etagOf = (version: number): string => `"v${version}"`;

/**
 * The version a write insists on, from `If-Match`.
 *
 * @returns undefined when the client does not care, and 0, which no row has, for what is no version of ours: who may
 *   not know of the row learns nothing by it.
 */
export function ifMatchVersion(c: Context): number | undefined {
  const header = c.req.header("if-match");
  if (header === undefined || header.trim() === "*") return undefined;
  return Number(/^"v(\d{1,9})"$/.exec(header.trim())?.[1] ?? 0);
}

/** Names the version that is answered. */
export function setEtag(c: Context<SecuredEnv>, version: number): void {
  c.env.outgoing.setHeader("ETag", etagOf(version));
}

/** The object to answer with, its version named. */
export function withEtag<T extends { readonly version: number }>(c: Context<SecuredEnv>, object: T): T {
  setEtag(c, object.version);
  return object;
}

/** True, with the ETag set, when the client has this version already: answer 304 without a body. */
export function isNotModified(c: Context<SecuredEnv>, version: number): boolean {
  setEtag(c, version);
  const header = c.req.header("if-none-match");
  return header !== undefined && matchesEtag(header, etagOf(version));
}
