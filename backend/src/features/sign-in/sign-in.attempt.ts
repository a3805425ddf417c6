import { eq } from "drizzle-orm";
import type { CheckedQueue } from "../../adapters/queue/port.ts";
import { type LockedPerson, lockPerson } from "../../auth/account-security.ts";
import type { Actor } from "../../auth/actor.ts";
import { stillAskedFor } from "../../auth/address-change.ts";
import type { AuthScope, AuthScopes } from "../../auth/auth-scope.ts";
import type { UsedCodes } from "../../auth/used-codes.ts";
import type { Database, Transaction } from "../../db/client.ts";
import { session, user } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import type { Aftermath } from "./sign-in.aftermath.ts";
import {
  AuthRefusal,
  type BetterAuthAnswer,
  type BetterAuthClient,
  type ClientRequest,
  deadLink,
} from "./sign-in.better-auth.ts";
import type { Preparation } from "./sign-in.preparation.ts";
import type { AuthCall, AuthEndpoint } from "./sign-in.schema.ts";

/** Somebody who showed a second factor to sign in a moment ago need not show it again. */
const freshMs = 10 * 60 * 1000;

interface Deps {
  readonly db: Database;
  readonly queue: CheckedQueue;
  readonly scopes: AuthScopes;
  readonly betterAuth: Pick<BetterAuthClient, "ask">;
  readonly usedCodes: UsedCodes;
  readonly aftermath: Aftermath;
  readonly prepare: (
    call: AuthCall,
    client: ClientRequest,
    subject: string | undefined,
  ) => Promise<Preparation>;
}

/**
 * Requests to Better-auth with what follows from them. What opens an account, or changes what does, is one transaction
 * under the lock of its owner: Better-auth's own statements, sessions that end, mails and the audit event.
 */
export function createAttempts({ db, queue, scopes, betterAuth, usedCodes, aftermath, prepare }: Deps) {
  const { ask } = betterAuth;

  const isTotp = (code: unknown): boolean => /^\d{6}$/.test(String(code));

  /** @throws AuthRefusal when the code was presented before */
  async function useOnce(userId: string, code: unknown): Promise<void> {
    if (isTotp(code) && !(await usedCodes.present(userId, String(code))))
      throw new AuthRefusal(401, "INVALID_CODE", "Invalid code");
  }

  async function askForCode(code: unknown, actor: Actor, client: ClientRequest): Promise<void> {
    // An enrolment that is not finished has no code to prove: proving one would finish it.
    if (!actor.twoFactorEnabled) throw notEnrolled();
    await useOnce(actor.userId, code);
    const path = isTotp(code) ? "/two-factor/verify-totp" : "/two-factor/verify-backup-code";
    await ask({ method: "POST", path }, { code }, actor, client);
  }

  /** Better-auth asks for the password only; somebody at an unlocked screen has that from the browser. */
  async function askWithCode({ endpoint, input, actor }: AuthCall, client: ClientRequest) {
    const { code, ...rest } = input;
    if (!actor?.twoFactorEnabled) throw notEnrolled();
    const shown = actor.session.secondFactorAt;
    if (code === undefined && (shown === null || Date.now() - Date.parse(shown) > freshMs))
      throw new AppError("step_up_required", "Send a code as well, or sign in again");
    if (code !== undefined) await askForCode(code, actor, client);
    return ask(endpoint, rest, actor, client);
  }

  async function forward(
    call: AuthCall,
    client: ClientRequest,
    subject: string | undefined,
  ): Promise<BetterAuthAnswer> {
    const { endpoint, actor } = call;
    const { invitationToken: _spent, ...input } = call.input;
    if (endpoint.needsCode) return askWithCode(call, client);
    if (endpoint.path === "/two-factor/verify-totp" && subject) await useOnce(subject, input.code);
    // Where to go on to is our business: with it, Better-auth answers without a body.
    const { callbackURL: _, ...query } = input;
    return ask(endpoint, endpoint.query ? query : input, actor, client);
  }

  /** Does what Better-auth is asked for, then sends what it wrote. */
  async function posted<T>(scope: AuthScope, work: () => Promise<T>): Promise<T> {
    const result = await scopes.run(scope, work);
    for (const letter of scope.letters) await queue.enqueue("mail", letter, scope.tx);
    return result;
  }

  /** @throws AppError `unauthenticated` where the session of who asks has ended; AuthRefusal, which undoes nothing */
  async function locked<T>(
    ownerId: string,
    actor: Actor | null,
    scope: AuthScope,
    work: (tx: Transaction, owner: LockedPerson | undefined) => Promise<T>,
  ): Promise<T> {
    const outcome = await db.transaction(async (tx) => {
      const owner = await lockPerson(tx, ownerId);
      if (actor && !(await lives(tx, actor))) throw new AppError("unauthenticated", "Sign in first");
      try {
        return await posted({ ...scope, tx }, () => work(tx, owner));
      } catch (error) {
        // What a wrong guess uses up stays used up.
        if (error instanceof AuthRefusal) return error;
        throw error;
      }
    });
    if (outcome instanceof AuthRefusal) throw outcome;
    return outcome;
  }

  /** What Better-auth writes, the mail that tells of it and the event come together, or nothing does. */
  function mailed(
    call: AuthCall,
    client: ClientRequest,
    subject: string | undefined,
    scope: AuthScope,
  ): Promise<BetterAuthAnswer> {
    const { endpoint, input } = call;
    return db.transaction(async (tx) => {
      // A link goes to who has the address: a move of the account that is under way waits to be seen.
      if (endpoint.path === "/request-password-reset")
        await tx
          .select({ id: user.id })
          .from(user)
          .where(eq(user.email, String(input.email)))
          .for("share");
      const once = () => forward(call, client, subject);
      const answer = await posted({ ...scope, tx }, () =>
        // Of two sign-ups with one address at once the loser finds the account when it looks again.
        endpoint.family === "sign-up" ? once().catch(onlyIfUnavailable(scope, once)) : once(),
      );
      await aftermath.succeeded(call, answer, client, tx);
      return answer;
    });
  }

  /** For what needs no lock, or names nobody. A sign-in alone can be overtaken: it is looked at again. */
  async function unlocked(
    call: AuthCall,
    client: ClientRequest,
    subject: string | undefined,
    scope: AuthScope,
  ): Promise<BetterAuthAnswer> {
    const { endpoint } = call;
    const answer = await posted(scope, () => forward(call, client, subject)).catch(async (error: unknown) => {
      // It tells that the password is right; to somebody banned nothing does.
      const tells = error instanceof AuthRefusal && error.code === "EMAIL_NOT_VERIFIED";
      throw tells && !(await aftermath.opens(call, scope.matched, false)) ? wrongCredential(endpoint) : error;
    });
    const signsIn = endpoint.path === "/sign-in/email";
    if (signsIn && !(await aftermath.opens(call, scope.matched, answer.token !== null))) {
      await aftermath.undo(answer);
      throw wrongCredential(endpoint);
    }
    await aftermath.succeeded(call, answer, client);
    return answer;
  }

  return {
    /** @param subject whom it is a guess at, if it is one */
    async attempt(call: AuthCall, client: ClientRequest, subject?: string): Promise<BetterAuthAnswer> {
      const { endpoint, actor } = call;
      // Before anything depends on whether there is somebody to write to.
      if (endpoint.tellsNobody) await queue.check();
      const { ownerId, ...prepared } = await prepare(call, client, subject);
      const scope: AuthScope = { ...prepared.scope, letters: [] };
      if (endpoint.mails) return mailed(call, client, subject, scope);
      if (ownerId === null) return unlocked(call, client, subject, scope);
      return locked(ownerId, actor, scope, async (tx, owner) => {
        const stands =
          endpoint.path !== "/verify-email" || (await stillAskedFor(tx, ownerId, call.input.token));
        // A new password lifts no ban.
        if (!owner || !stands || (owner.bannedAt && endpoint.path !== "/reset-password"))
          throw wrongCredential(endpoint);
        const answer = await forward(call, client, subject);
        await aftermath.concluded(tx, owner, call, answer, client);
        return answer;
      });
    },

    /** The code of the authenticator app, or a backup code, of somebody who is signed in. */
    proveCode: (code: unknown, actor: Actor, client: ClientRequest): Promise<void> =>
      locked(actor.userId, actor, { letters: [] }, () => askForCode(code, actor, client)),
  };
}

async function lives(tx: Transaction, { session: { id } }: Actor): Promise<boolean> {
  const found = await tx.select({ id: session.id }).from(session).where(eq(session.id, id));
  return found.length > 0;
}

const notEnrolled = () => new AuthRefusal(400, "TWO_FACTOR_NOT_ENABLED", "Two-factor sign-in is not enabled");

/** What Better-auth says to a wrong password, a dead link, or a wrong code. */
function wrongCredential({ path }: AuthEndpoint): AuthRefusal {
  if (path === "/verify-email") return deadLink();
  return path === "/sign-in/email"
    ? new AuthRefusal(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")
    : new AuthRefusal(401, "INVALID_CODE", "Invalid code");
}

const onlyIfUnavailable =
  <T>({ letters }: AuthScope, again: () => Promise<T>) =>
  (error: unknown): Promise<T> => {
    if (!(error instanceof AppError) || error.code !== "unavailable") throw error;
    letters.length = 0;
    return again();
  };
