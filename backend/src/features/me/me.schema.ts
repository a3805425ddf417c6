import { z } from "@hono/zod-openapi";
import { personName } from "../../http/fields.ts";
import { idSchema } from "../../http/ids.ts";
import { membershipSchema } from "../../http/membership.ts";
import { instant } from "../../http/openapi.ts";
import { pageQuery, pageSchema } from "../../http/pagination.ts";

const knownTimeZones = new Set(["UTC", ...Intl.supportedValuesOf("timeZone")]);

/** Accepts every IANA name, aliases included: some of them are not in the list of canonical names. */
function isTimeZone(name: string): boolean {
  if (knownTimeZones.has(name)) return true;
  if (!/^[A-Za-z_]+(\/[A-Za-z0-9_+-]+)+$/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, "Must be an IANA time zone name")
  .openapi({ example: "Europe/Berlin" });

const locale = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, "Must be a BCP 47 language tag")
  .openapi({ example: "en-GB" });

export const meSchema = z
  .object({
    id: idSchema,
    email: z.string(),
    name: z.string(),
    emailVerified: z.boolean(),
    globalRole: z.literal("platform_admin").nullable(),
    twoFactorEnabled: z.boolean(),
    avatarFileId: idSchema.nullable(),
    timeZone: z.string(),
    locale: z.string(),
    createdAt: instant,
    memberships: z.array(
      membershipSchema.extend({
        secondFactorNeeded: z.boolean().openapi({
          description: "This role opens nothing here until two-factor sign-in is turned on",
        }),
      }),
    ),
  })
  .openapi("Me");

export const updateMeSchema = z
  .strictObject({ name: personName.optional(), timeZone: timeZone.optional(), locale: locale.optional() })
  .openapi("UpdateMe");

export const keepAliveSchema = z
  .object({
    expiresAt: instant.openapi({ description: "When the auth session ends if nothing is asked until then" }),
    serverTime: instant,
    minAppVersion: z.string().nullable().openapi({ description: "Older apps should ask for an update" }),
  })
  .openapi("KeepAlive");

export const stepUpSchema = z
  .strictObject({
    password: z.string().min(1).max(128).optional(),
    code: z
      .string()
      .min(6)
      .max(20)
      .optional()
      .openapi({ description: "Of the authenticator app, or a backup code" }),
  })
  .refine(({ password, code }) => (password === undefined) !== (code === undefined), {
    message: "Send either password or code",
    path: ["password"],
  })
  .openapi("StepUp");

export const steppedUpSchema = z
  .object({
    expiresAt: instant.openapi({ description: "Until then, what needs a fresh credential is open" }),
  })
  .openapi("SteppedUp");

export const authSessionSchema = z
  .object({
    id: idSchema,
    current: z.boolean().openapi({ description: "The session of this very request" }),
    createdAt: instant,
    lastSeenAt: instant.openapi({ description: "To the hour" }),
    expiresAt: instant,
    ip: z.string().nullable(),
    userAgent: z.string().nullable(),
    client: z.string().nullable().openapi({ description: "Name of the app build's client key" }),
  })
  .openapi("AuthSession");

export const authSessionsQuery = z.strictObject(pageQuery);
export const authSessionsSchema = pageSchema(authSessionSchema).openapi("AuthSessions");

export type Me = z.infer<typeof meSchema>;
export type UpdateMe = z.infer<typeof updateMeSchema>;
export type StepUp = z.infer<typeof stepUpSchema>;
export type SteppedUp = z.infer<typeof steppedUpSchema>;
export type KeepAlive = z.infer<typeof keepAliveSchema>;
export type AuthSessionPage = z.infer<typeof authSessionsSchema>;
export type AuthSessionsQuery = z.infer<typeof authSessionsQuery>;
