import type { Logger } from "pino";
import type { AuditLog } from "../../adapters/audit/port.ts";
import type { LimiterPort } from "../../adapters/limiter/port.ts";
import type { CheckedQueue } from "../../adapters/queue/port.ts";
import { createAccountLock } from "../../auth/account-lock.ts";
import { type AuthScopes, joining } from "../../auth/auth-scope.ts";
import type { Auth } from "../../auth/better-auth.ts";
import type { EndedSessions } from "../../auth/ended-sessions.ts";
import type { Passwords } from "../../auth/password.ts";
import type { SessionLookup } from "../../auth/session-lookup.ts";
import type { TokenRing } from "../../auth/token-ring.ts";
import { createUsedCodes } from "../../auth/used-codes.ts";
import type { Config } from "../../config/config.ts";
import type { Database } from "../../db/client.ts";
import { createAftermath } from "./sign-in.aftermath.ts";
import { createAttempts } from "./sign-in.attempt.ts";
import { createBetterAuthClient } from "./sign-in.better-auth.ts";
import { createConsequences } from "./sign-in.consequences.ts";
import { createDevices } from "./sign-in.devices.ts";
import { createGate } from "./sign-in.gate.ts";
import { createGuessCap } from "./sign-in.guess-cap.ts";
import { createGuesses } from "./sign-in.guesses.ts";
import { createPreparation } from "./sign-in.preparation.ts";
import { createSignInService, type SignInService } from "./sign-in.service.ts";

interface Deps {
  readonly config: Config;
  readonly db: Database;
  readonly log: Logger;
  readonly audit: AuditLog;
  readonly queue: CheckedQueue;
  readonly auth: () => Auth;
  readonly passwords: Passwords;
  readonly scopes: AuthScopes;
  readonly tokens: TokenRing;
  readonly sessions: SessionLookup;
  readonly endedSessions: EndedSessions;
  readonly limiter: LimiterPort;
  /** Apart from the limiter, so that a flood of addresses cannot push a lock out. */
  readonly lockLimiter: LimiterPort;
  readonly invitationProves: (token: string, email: string) => Promise<void>;
}

/** Puts the parts of sign-in together. */
export function createSignIn({ config, lockLimiter, log, invitationProves, ...shared }: Deps): SignInService {
  const { db, audit, queue, scopes } = shared;
  const { frontendUrl, publicUrl } = config;
  const { signupMode, sessionMaxConcurrent: maxConcurrent } = config.auth;
  const betterAuth = createBetterAuthClient({ ...shared, publicUrl });
  const devices = createDevices({ db, audit, queue, frontendUrl, maxConcurrent });
  const locks = {
    password: createAccountLock(lockLimiter, "password"),
    code: createAccountLock(lockLimiter, "code", { firstLock: 15 * 60 }),
  };
  const cap = createGuessCap({
    limiter: lockLimiter,
    budget: config.limits.authFailures,
    onUsedUp: () => log.warn("too many failed sign-ins: places that no account knows are held back"),
  });
  const aftermath = createAftermath({
    ...shared,
    devices,
    consequences: createConsequences({ queue, frontendUrl }),
  });
  const attempts = createAttempts({
    ...shared,
    betterAuth,
    aftermath,
    usedCodes: createUsedCodes(joining(db, scopes)),
    prepare: createPreparation({ ...shared, betterAuth }),
  });
  return createSignInService({
    ...shared,
    config,
    betterAuth,
    attempts,
    aftermath,
    locks,
    gate: createGate({ betterAuth, signupMode, invitationProves }),
    guesses: createGuesses({ locks, cap, devices, betterAuth }),
  });
}
