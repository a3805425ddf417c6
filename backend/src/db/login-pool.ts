import type pg from "pg";
import type { Tracing } from "../adapters/tracing/port.ts";
import type { Login } from "./login.ts";
import { preparedClient } from "./prepared-client.ts";
import { type Connected, WatchedPool } from "./watched-pool.ts";

/** The newest, what is newer by then, and the one before. */
const attempts = 4;

/** `invalid_password`, and a role that may not sign in (any more). */
const isRefusal = (error: Error): boolean =>
  "code" in error && (error.code === "28P01" || error.code === "28000");

/**
 * A pool whose password may change while it is in use. New connections sign in with the newest; those from before are
 * replaced when they are asked for the next time, one by one, so that there are never more than `max`.
 */
export function createLoginPool(login: Login, options: pg.PoolConfig, tracing?: Tracing): WatchedPool {
  const generations = new WeakMap<pg.ClientBase, number>();
  const Prepared = preparedClient(tracing);

  class Client extends Prepared {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, connectionString: login.url });
      generations.set(this, login.generation);
    }
  }

  class LoginPool extends WatchedPool {
    override connect(): Promise<pg.PoolClient>;
    override connect(callback: Connected): void;
    override connect(callback?: Connected): Promise<pg.PoolClient> | undefined {
      if (callback) {
        this.#connect(callback, attempts);
        return undefined;
      }
      return new Promise((resolve, reject) =>
        this.#connect((error, client) => (client ? resolve(client) : reject(error)), attempts),
      );
    }

    #connect(callback: Connected, left: number): void {
      const { url } = login;
      super.connect((error, client, done) => {
        if (client && generations.get(client) !== login.generation) {
          client.release(true);
          this.#connect(callback, left);
        } else if (error && left > 1 && isRefusal(error)) {
          login.refused(url).then(
            (again) => (again ? this.#connect(callback, left - 1) : callback(error, client, done)),
            () => callback(error, client, done),
          );
        } else callback(error, client, done);
      });
    }
  }

  const pool = new LoginPool({ ...options, Client });
  // A pooled connection that dies while nobody uses it is replaced at the next statement: nothing to tell anybody.
  pool.on("error", () => {});
  return pool;
}
