import { z } from "zod";
import { MIN_SECRET_LENGTH } from "../weak-secret.ts";
import { entriesOf } from "./network.ts";

export interface VersionedSecret {
  readonly version: number;
  readonly value: string;
}

export interface NamedKey {
  readonly name: string;
  readonly key: string;
}

const VISIBLE = /^[\x21-\x7e]+$/;
const tooShort = `is shorter than ${MIN_SECRET_LENGTH} characters`;
const generate = "(make one with: coachctl secrets generate)";

/** A password somebody else chose; only what breaks protocols is refused. */
export const password = z
  .string()
  .regex(/^[^\p{Cc}\p{Cs}]+$/u, "contains control characters")
  .describe("the password on one line");

/** A password a person signs in with. */
export const signInPassword = password
  .min(8, "is shorter than 8 characters")
  .max(128, "is longer than 128 characters")
  .describe("a password of 8 to 128 characters");

/** A secret of ours: it signs something, or travels in a header. */
export const generatedSecret = z
  .string()
  .regex(VISIBLE, "contains spaces, control characters or letters outside ASCII")
  .min(MIN_SECRET_LENGTH, tooShort)
  .describe(`at least ${MIN_SECRET_LENGTH} random characters ${generate}`);

/** `new,old`: the first is current, the others still count while everybody changes over. */
export const generatedSecrets = z
  .string()
  .transform((text, context): string[] => {
    const secrets = text.includes(",") ? entriesOf(text) : [text];
    for (const [i, secret] of secrets.entries())
      for (const { message } of generatedSecret.safeParse(secret).error?.issues ?? [])
        context.addIssue(secrets.length === 1 ? message : `at position ${i + 1} ${message}`);
    if (secrets.length === 0) context.addIssue("names no secret");
    if (new Set(secrets).size < secrets.length) context.addIssue("names a secret twice");
    return secrets;
  })
  .describe(
    `at least ${MIN_SECRET_LENGTH} random characters ${generate}, or several separated by commas with the current one first`,
  );

/** `2:…,1:…`: the first is current, the others still verify. */
export const keyRing = z
  .string()
  .transform((text, context): VersionedSecret[] => {
    const ring = entriesOf(text).flatMap((entry, i) => {
      const [, version = "", value = ""] = /^(\d{1,9}):([\x21-\x7e]+)$/.exec(entry) ?? [];
      if (value === "") context.addIssue(`has no version:secret at position ${i + 1}`);
      else if (value.length < MIN_SECRET_LENGTH) context.addIssue(`at position ${i + 1} ${tooShort}`);
      return [{ version: Number(version), value }];
    });
    if (ring.length === 0) context.addIssue("names no secret");
    if (new Set(ring.map((s) => s.version)).size < ring.length) context.addIssue("names a version twice");
    if (new Set(ring.map((s) => s.value)).size < ring.length) context.addIssue("names a secret twice");
    return ring;
  })
  .describe(
    `2:<secret>,1:<older secret> with the current one first, each at least ${MIN_SECRET_LENGTH} characters ${generate}`,
  );

/** One key, which is called "default", or `web:…,ios:…`. A name may come twice while its key changes. */
export const clientKeys = z
  .string()
  .transform((text, context): NamedKey[] => {
    const entries = entriesOf(text);
    const named = entries.length > 1 || text.includes(":");
    const keys = entries.flatMap((entry, i) => {
      const [, name = "", key = ""] =
        /^([a-z][a-z0-9_-]{0,31}):([^:]+)$/.exec(named ? entry : `default:${entry}`) ?? [];
      if (!VISIBLE.test(key)) context.addIssue(`has no name:key at position ${i + 1}`);
      else if (key.length < MIN_SECRET_LENGTH) context.addIssue(`at position ${i + 1} ${tooShort}`);
      return [{ name, key }];
    });
    if (keys.length === 0) context.addIssue("names no key");
    if (new Set(keys.map((k) => k.key)).size < keys.length) context.addIssue("names a key twice");
    return keys;
  })
  .describe(
    `one key, or web:<key>,ios:<key>, each at least ${MIN_SECRET_LENGTH} random characters ${generate}`,
  );
