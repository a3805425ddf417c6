import { AsyncLocalStorage } from "node:async_hooks";

/** What is known of a password while one request of Better-auth runs. */
export interface PasswordTrace {
  /** Hashed beforehand, so that no transaction waits for it. */
  readonly premade?: { readonly password: string; readonly hash: string };
  /** The stored hash that a password was last found to match. */
  matched?: string;
}

/** Carries a trace to Better-auth's password functions, which are told of nothing but the password. */
export interface PasswordTraces {
  run<T>(trace: PasswordTrace, work: () => Promise<T>): Promise<T>;
  current(): PasswordTrace | undefined;
}

export function createPasswordTraces(): PasswordTraces {
  const storage = new AsyncLocalStorage<PasswordTrace>();
  return { run: (trace, work) => storage.run(trace, work), current: () => storage.getStore() };
}
