import { and, eq, type SQL } from "drizzle-orm";
import { NIL } from "uuid";
import type { AuthScope } from "../../auth/auth-scope.ts";
import { claimsOf } from "../../auth/mail-link.ts";
import type { Passwords } from "../../auth/password.ts";
import type { Database } from "../../db/client.ts";
import { account, user } from "../../db/schema/index.ts";
import type { BetterAuthClient, ClientRequest } from "./sign-in.better-auth.ts";
import type { AuthCall } from "./sign-in.schema.ts";

/** What is found out, and hashed, before an attempt begins: nobody is locked, and no connection held, meanwhile. */
export interface Preparation {
  /** Who is to be locked while the attempt lasts; null where nothing can get in between. */
  readonly ownerId: string | null;
  readonly scope: Pick<AuthScope, "premade" | "checked">;
}

interface Deps {
  readonly db: Database;
  readonly passwords: Passwords;
  readonly betterAuth: Pick<BetterAuthClient, "resetting">;
}

export function createPreparation({ db, passwords, betterAuth }: Deps) {
  /** Whose account it is that a call opens with more than a password, or changes what opens it. */
  async function ownerOf(
    { endpoint, actor, input }: AuthCall,
    { trustDevice }: ClientRequest,
    subject: string | undefined,
  ): Promise<SQL | null> {
    if (actor)
      return subject === undefined && endpoint.path !== "/change-email" ? null : eq(user.id, actor.userId);
    if (endpoint.access === "challenge" && subject !== undefined) return eq(user.id, subject);
    if (endpoint.path === "/sign-in/email" && trustDevice) return eq(user.email, String(input.email));
    if (endpoint.path === "/verify-email") return addressedBy(input.token);
    if (endpoint.path !== "/reset-password") return null;
    const { id } = await betterAuth.resetting(String(input.token));
    return id === undefined ? null : eq(user.id, id);
  }

  async function premade(password: unknown): Promise<Pick<AuthScope, "premade">> {
    if (typeof password !== "string") return {};
    return { premade: { password, hash: await passwords.hash(password) } };
  }

  async function checked(password: unknown, hash: string | null): Promise<Pick<AuthScope, "checked">> {
    if (typeof password !== "string" || hash === null) return {};
    return { checked: { password, hash, matches: await passwords.verify({ hash, password }) } };
  }

  /** @param subject whom the call is a guess at, if it is one */
  return async function prepare(
    call: AuthCall,
    client: ClientRequest,
    subject: string | undefined,
  ): Promise<Preparation> {
    const { endpoint, actor, input } = call;
    // Sign-up hashes inside a transaction of Better-auth's own.
    if (endpoint.path === "/sign-up/email") return { ownerId: null, scope: await premade(input.password) };
    const whose = await ownerOf(call, client, subject);
    if (!whose) return { ownerId: null, scope: {} };
    const [owner] = await db
      .select({ id: user.id, hash: account.password })
      .from(user)
      .leftJoin(account, and(eq(account.userId, user.id), eq(account.providerId, "credential")))
      .where(whose);
    // Where the link of a mail was forged, there is as much to do without an account.
    if (!owner) return { ownerId: endpoint.path === "/verify-email" ? NIL : null, scope: {} };
    const scope = {
      ...(await checked(input.currentPassword ?? input.password, owner.hash)),
      ...(await premade(input.newPassword)),
    };
    // A sign-in that fails does the same whether there is an account or not.
    const fails = endpoint.path === "/sign-in/email" && !actor && !scope.checked?.matches;
    return { ownerId: fails ? null : owner.id, scope };
  };
}

/** By what the link of a mail says; nobody checked the link yet. */
function addressedBy(mailToken: unknown): SQL | null {
  const email = claimsOf(mailToken)?.email;
  if (typeof email !== "string" || email.includes("\0")) return null;
  return eq(user.email, email.toLowerCase());
}
