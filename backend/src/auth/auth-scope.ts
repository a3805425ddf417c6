import { AsyncLocalStorage } from "node:async_hooks";
import type { MailMessage } from "../adapters/mail/port.ts";
import type { Database, Transaction } from "../db/client.ts";

/** What one request brings along for Better-auth, whose functions have no parameter for it. */
export interface AuthScope {
  /** What the request's statements are part of. */
  readonly tx?: Transaction;
  /** Hashed beforehand, so that no transaction waits for it. */
  readonly premade?: { readonly password: string; readonly hash: string };
  /** Compared beforehand, for the same reason. */
  readonly checked?: { readonly password: string; readonly hash: string; readonly matches: boolean };
  /** What it had written: whoever made the request sends it, together with what else it brought about. */
  readonly letters: MailMessage[];
  /** The stored hash that a password was last found to match. */
  matched?: string;
}

export interface AuthScopes {
  run<T>(scope: AuthScope, work: () => Promise<T>): Promise<T>;
  current(): AuthScope | undefined;
}

export function createAuthScopes(): AuthScopes {
  const storage = new AsyncLocalStorage<AuthScope>();
  return { run: (scope, work) => storage.run(scope, work), current: () => storage.getStore() };
}

/** A database whose statements join the transaction of the request that they are made for, where it has one. */
export function joining(db: Database, scopes: AuthScopes): Database {
  return new Proxy(db, {
    get(target, name) {
      const current = scopes.current()?.tx ?? target;
      const value: unknown = Reflect.get(current, name);
      return typeof value === "function" ? value.bind(current) : value;
    },
  });
}
