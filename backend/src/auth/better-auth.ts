import { createHash } from "node:crypto";
import { betterAuth } from "better-auth";
import { drizzleAdapter } from "better-auth/adapters/drizzle";
import { bearer, twoFactor } from "better-auth/plugins";
import { eq } from "drizzle-orm";
import type { Logger } from "pino";
import { v7 as uuidv7 } from "uuid";
import type { LimiterPort } from "../adapters/limiter/port.ts";
import type { MailMessage } from "../adapters/mail/port.ts";
import {
  emailChangeMail,
  existingAccountMail,
  newAddressMail,
  resetPasswordMail,
  verifyEmailMail,
} from "../adapters/mail/templates.ts";
import type { Config } from "../config/config.ts";
import type { Database } from "../db/client.ts";
import * as schema from "../db/schema/index.ts";
import { type AuthScopes, joining } from "./auth-scope.ts";
import { claimsOf } from "./mail-link.ts";
import type { Passwords } from "./password.ts";
import { passwordLength } from "./password-rules.ts";
import { routedOnce } from "./routed-once.ts";
import { idleDays } from "./session-lookup.ts";
import type { SecretRing } from "./token-ring.ts";
import { twoFactorBridge } from "./two-factor-bridge.ts";

interface Deps {
  readonly config: Pick<Config, "publicUrl" | "frontendUrl" | "auth">;
  /** The ring of this instance; another ring, another instance. */
  readonly secrets: SecretRing;
  readonly origins: readonly string[];
  readonly db: Database;
  readonly limiter: LimiterPort;
  readonly passwords: Passwords;
  readonly scopes: AuthScopes;
  readonly log: Logger;
}

const mailsToOneAddress = { max: 10, window: 60 * 60 };

export type Auth = ReturnType<typeof createAuth>;

/**
 * Better-auth: sign-up, sign-in, passwords, verification, reset and two-factor, and the owner of the `session` table.
 * It is reachable only through the edge (`features/sign-in`), which is why its own limiter and cookies play no part.
 */
export function createAuth({ config, secrets, origins, db, limiter, passwords, scopes, log }: Deps) {
  const page = (path: string, token?: string): string =>
    `${config.frontendUrl}/${path}${token === undefined ? "" : `?token=${encodeURIComponent(token)}`}`;
  /** Better-auth swallows what goes wrong while a mail is sent: this does no more than lay it ready. */
  function write(mail: MailMessage): void {
    scopes.current()?.letters.push(mail);
  }
  /** Anybody can ask for mails to anybody's address: beyond a few an hour nothing more is sent, and nobody told. */
  async function send(mail: MailMessage): Promise<void> {
    const digest = createHash("sha256").update(mail.to.toLowerCase()).digest("base64url");
    const { allowed } = await limiter.consume(`mail:${digest}`, mailsToOneAddress);
    if (allowed) write(mail);
  }
  const recipient = (user: { email: string; name: string }, url: string) => ({
    to: user.email,
    name: user.name,
    url,
  });

  const auth = betterAuth({
    appName: "Coaching App",
    baseURL: config.publicUrl,
    basePath: "/api/auth",
    secrets: [...secrets],
    trustedOrigins: [...origins],
    telemetry: { enabled: false },
    // Its messages may name people; what matters reaches us as errors.
    logger: { log: (level, message) => level === "error" && log.error({ from: "better-auth" }, message) },
    onAPIError: { throw: true },
    rateLimit: { enabled: false },
    database: drizzleAdapter(joining(db, scopes), { provider: "pg", schema, transaction: true }),
    // What is over is swept (features/system): here it would have requests of strangers wait for each other.
    verification: { storeIdentifier: "hashed", disableCleanup: true },
    session: {
      expiresIn: idleDays * 24 * 60 * 60,
      // Sliding is ours (session-lookup.ts): Better-auth's own forgets the absolute end.
      disableSessionRefresh: true,
      freshAge: 0,
      additionalFields: { client: { type: "string", required: false, input: false } },
    },
    advanced: {
      database: { generateId: () => uuidv7(), joins: true },
      ipAddress: { ipAddressHeaders: ["x-client-ip"], ipv6Subnet: 128 },
    },
    databaseHooks: {
      user: {
        create: {
          before: async (user, context) => ({
            data: { ...user, emailVerified: isProven(user.email, context?.headers) },
          }),
        },
      },
      session: {
        create: {
          // No statement of its own: this runs inside Better-auth's transaction, on another connection.
          before: async (session, context) => ({
            data: {
              ...session,
              userAgent: session.userAgent?.slice(0, 300) ?? null,
              client: context?.headers?.get("x-client-name") ?? null,
            },
          }),
        },
      },
    },
    user: {
      changeEmail: {
        enabled: true,
        sendChangeEmailConfirmation: async ({ user, newEmail, token }) =>
          write(emailChangeMail({ ...recipient(user, page("verify-email", token)), newEmail })),
      },
    },
    emailVerification: {
      sendOnSignUp: true,
      autoSignInAfterVerification: false,
      expiresIn: 24 * 60 * 60,
      async sendVerificationEmail({ user, token }, request) {
        if (isProven(user.email, request?.headers)) return;
        const mail = claimsOf(token)?.updateTo === undefined ? verifyEmailMail : newAddressMail;
        await send(mail(recipient(user, page("verify-email", token))));
      },
    },
    emailAndPassword: {
      enabled: true,
      minPasswordLength: passwordLength.min,
      maxPasswordLength: passwordLength.max,
      requireEmailVerification: config.auth.requireEmailVerification,
      resetPasswordTokenExpiresIn: 60 * 60,
      sendResetPassword: ({ user, token }) =>
        send(resetPasswordMail(recipient(user, page("reset-password", token)))),
      onExistingUserSignUp: ({ user }) => send(existingAccountMail(recipient(user, page("sign-in")))),
      customSyntheticUser: ({ coreFields, additionalFields, id }) => ({
        ...coreFields,
        twoFactorEnabled: false,
        ...additionalFields,
        id,
      }),
      password: {
        hash: async (password) => {
          const premade = scopes.current()?.premade;
          return premade?.password === password ? premade.hash : passwords.hash(password);
        },
        verify: async (input) => {
          const scope = scopes.current();
          const checked = scope?.checked;
          if (checked?.password === input.password && checked.hash === input.hash) return checked.matches;
          const ok = await passwords.verify(input);
          if (ok && scope && !scope.tx) scope.matched = await renewed(db, passwords, input);
          return ok;
        },
      },
    },
    plugins: [
      twoFactor({ issuer: "Coaching App", accountLockout: { maxFailedAttempts: 10, durationSeconds: 900 } }),
      twoFactorBridge(),
      bearer({ requireSignature: true }),
    ],
  });
  return { ...auth, handler: routedOnce(auth) };
}

/** Whether our edge saw a proof of this address, such as the link of an invitation; no client can send this header. */
const isProven = (email: string, headers: Headers | undefined): boolean =>
  headers?.get("x-proven-email") === email;

/**
 * Replaces a hash that is not of today's kind. A salted hash names its row as well as an id would, and is not replaced
 * when somebody changed it meanwhile.
 *
 * @returns the hash that is stored now, or was when Better-auth looked
 */
async function renewed(
  db: Database,
  passwords: Passwords,
  { hash: old, password }: { hash: string; password: string },
): Promise<string> {
  if (!passwords.needsRehash(old)) return old;
  const hash = await passwords.hash(password);
  const { account } = schema;
  const renewals = await db
    .update(account)
    .set({ password: hash })
    .where(eq(account.password, old))
    .returning({ id: account.id });
  return renewals.length > 0 ? hash : old;
}
