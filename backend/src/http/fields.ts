import { z } from "@hono/zod-openapi";

/** PostgreSQL has no such character. */
export const noNul = (text: string): boolean => !text.includes("\0");

/** As stored and compared: one form for every way to write the same address. */
export const emailSchema = z
  .string()
  .max(254)
  .transform((email) => email.normalize("NFKC").trim().toLowerCase())
  .pipe(z.email("Must be an e-mail address"))
  .openapi({ type: "string", format: "email", example: "ada@example.com" });

export const personName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine((name) => noNul(name) && !/[\p{Cc}\u2028\u2029]/u.test(name), "Must not contain control characters")
  .openapi({ example: "Ada Lovelace" });

/** What `q` of a list of people looks for. */
export const personSearch = z
  .string()
  .trim()
  .max(100)
  .refine(noNul, "Must not contain NUL")
  .openapi({ description: "Part of the name or the e-mail address, in any case" });
