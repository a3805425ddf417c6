import { z } from "@hono/zod-openapi";
import type { Actor } from "../../auth/actor.ts";
import { emailSchema, noNul, personName } from "../../http/fields.ts";

/** One reachable operation of `/api/auth`. What is not listed does not exist for a client. */
export interface AuthEndpoint {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly summary: string;
  /** `session`: a bearer token is needed. `challenge`: a token, or a pending second factor. */
  readonly access: "public" | "session" | "challenge";
  /** Counted against the auth budget of its family, per address. */
  readonly family?: "sign-in" | "sign-up" | "forgot-password" | "reset-password" | "verification-mail";
  readonly body?: z.ZodType<Record<string, unknown>>;
  readonly query?: z.ZodType<Record<string, unknown>>;
  /** The second factor is to be shown in the same request; a `code` that is optional, unless just signed in. */
  readonly needsCode?: true;
  /** What it writes, and the mail that it sends, are one transaction, though there is nobody to lock. */
  readonly mails?: true;
  /** It must not tell who has an account, by the time it takes either. */
  readonly tellsNobody?: boolean;
  /** Name of the audit event a success leaves. */
  readonly audit?: string;
}

/** One request to Better-auth, validated. */
export interface AuthCall {
  readonly endpoint: AuthEndpoint;
  readonly actor: Actor | null;
  readonly input: Record<string, unknown>;
}

const code = z.string().min(6).max(20);

interface Rules {
  /** Pages of these origins may be named as the place to go on to. */
  readonly origins: readonly string[];
  readonly passwordLength: { readonly min: number; readonly max: number };
  /** Where addresses are verified, sign-up answers alike whether there is an account or not. */
  readonly verifiesAddresses: boolean;
}

/** Everything that can be asked of `/api/auth`. */
export function authEndpoints({
  origins,
  passwordLength,
  verifiesAddresses,
}: Rules): readonly AuthEndpoint[] {
  const newPassword = z
    .string()
    .min(passwordLength.min)
    .max(passwordLength.max)
    .refine(noNul, "Must not contain NUL");
  const password = z.string().min(1).max(passwordLength.max);
  const ourPage = z
    .url()
    .max(2000)
    .refine(
      (url) => URL.canParse(url) && origins.includes(new URL(url).origin),
      "Must be on the web client's origin",
    );
  const trustDevice = z.boolean().optional();
  const secondFactor = z.strictObject({ code, trustDevice });
  return [
    {
      method: "POST",
      path: "/sign-up/email",
      summary: "Create an account",
      access: "public",
      family: "sign-up",
      mails: true,
      tellsNobody: verifiesAddresses,
      audit: "user.sign_up",
      body: z.strictObject({
        name: personName,
        email: emailSchema,
        password: newPassword,
        invitationToken: z
          .string()
          .min(1)
          .max(200)
          .optional()
          .openapi({ description: "From an invitation to this address, which counts as verified then" }),
        callbackURL: ourPage.optional(),
        rememberMe: z.literal(true).optional(),
      }),
    },
    {
      method: "POST",
      path: "/sign-in/email",
      summary: "Sign in with e-mail and password",
      access: "public",
      family: "sign-in",
      audit: "user.sign_in",
      body: z.strictObject({
        email: emailSchema,
        password,
        callbackURL: ourPage.optional(),
        rememberMe: z.literal(true).optional(),
      }),
    },
    {
      method: "POST",
      path: "/sign-out",
      summary: "End this auth session",
      access: "session",
      audit: "user.sign_out",
      body: z.strictObject({}),
    },
    { method: "GET", path: "/get-session", summary: "The auth session behind the token", access: "session" },
    {
      method: "POST",
      path: "/request-password-reset",
      summary: "Ask for a link to reset the password",
      access: "public",
      family: "forgot-password",
      mails: true,
      tellsNobody: true,
      body: z.strictObject({ email: emailSchema, redirectTo: ourPage.optional() }),
    },
    {
      method: "POST",
      path: "/reset-password",
      summary: "Set a new password with the token of the mail",
      access: "public",
      family: "reset-password",
      audit: "user.password_reset",
      body: z.strictObject({ token: z.string().min(1).max(200), newPassword }),
    },
    {
      method: "POST",
      path: "/send-verification-email",
      summary: "Ask for another link to verify the address",
      access: "public",
      family: "verification-mail",
      tellsNobody: true,
      body: z.strictObject({ email: emailSchema, callbackURL: ourPage.optional() }),
    },
    {
      method: "GET",
      path: "/verify-email",
      summary: "Verify the address with the token of the mail",
      access: "public",
      family: "verification-mail",
      audit: "user.email_verified",
      query: z.strictObject({ token: z.string().min(1).max(4000), callbackURL: ourPage.optional() }),
    },
    {
      method: "POST",
      path: "/change-password",
      summary: "Change the password; every earlier auth session ends",
      access: "session",
      audit: "user.password_changed",
      body: z
        .strictObject({
          currentPassword: password,
          newPassword,
          revokeOtherSessions: z.literal(true).optional(),
        })
        .transform((body) => ({ ...body, revokeOtherSessions: true })),
    },
    {
      method: "POST",
      path: "/change-email",
      summary: "Ask to change the address; links to the old and the new one confirm it",
      access: "session",
      family: "verification-mail",
      tellsNobody: true,
      audit: "user.email_change_requested",
      body: z.strictObject({ newEmail: emailSchema, callbackURL: ourPage.optional() }),
    },
    {
      method: "POST",
      path: "/two-factor/enable",
      summary: "Begin to enrol an authenticator app",
      access: "session",
      body: z.strictObject({ password }),
    },
    {
      method: "POST",
      path: "/two-factor/verify-totp",
      summary: "Finish a sign-in, or an enrolment, with a code of the authenticator app",
      access: "challenge",
      audit: "user.second_factor",
      body: secondFactor,
    },
    {
      method: "POST",
      path: "/two-factor/verify-backup-code",
      summary: "Finish a sign-in with a backup code",
      access: "challenge",
      audit: "user.second_factor",
      body: secondFactor,
    },
    {
      method: "POST",
      path: "/two-factor/disable",
      summary: "Turn two-factor sign-in off",
      access: "session",
      needsCode: true,
      audit: "user.two_factor_disabled",
      body: z.strictObject({ password, code }),
    },
    {
      method: "POST",
      path: "/two-factor/generate-backup-codes",
      summary: "Replace the backup codes",
      access: "session",
      needsCode: true,
      audit: "user.backup_codes_replaced",
      body: z.strictObject({ password, code: code.optional() }),
    },
  ];
}
