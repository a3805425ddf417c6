import { Readable } from "node:stream";
import pg from "pg";
import { objectCalls } from "../../src/adapters/metrics/watched-storage.ts";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import { AppError } from "../../src/errors.ts";

/** When it happens: before the n-th step reaches the outside, or after it did and before anybody knows of it. */
export type Moment = "before" | "after";

/**
 * `killed`: the process dies at its n-th step, and nothing it does from then on has any effect. `failed`: this one step
 * fails, and everything after it works.
 */
export type Mishap = "killed" | "failed";

/** Makes one mishap happen. */
export interface Crash {
  /** True once it happened. */
  happened(): boolean;
  /** Resolves when the process dies. */
  readonly death: Promise<void>;
  /** What was done until then, in order. */
  readonly steps: string[];
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}

export function createCrash(mishap: Mishap, at: number, moment: Moment): Crash {
  const steps: string[] = [];
  let happened = false;
  const death = Promise.withResolvers<void>();
  const die = (): never => {
    happened = true;
    if (mishap === "killed") death.resolve();
    throw new AppError("unavailable", mishap);
  };
  return {
    steps,
    happened: () => happened,
    death: death.promise,
    async step(name, work) {
      if (happened && mishap === "killed") return die();
      steps.push(name);
      const isLast = steps.length === at;
      if (isLast && moment === "before") return die();
      const result = await work();
      if (!isLast) return result;
      if (result instanceof Readable) result.destroy();
      return die();
    },
  };
}

/** The store as the dying process reaches it; each call is a step. */
export function crashingStorage(storage: StoragePort, crash: Crash): StoragePort {
  const wrapped = Object.fromEntries(
    objectCalls.map((name) => [
      name,
      (key: string, ...rest: unknown[]) =>
        crash.step(`${name} ${key.split("/")[0]}`, () =>
          (storage[name] as (...all: unknown[]) => Promise<unknown>)(key, ...rest),
        ),
    ]),
  );
  return { ...storage, ...wrapped };
}

type AnyQuery = (...all: unknown[]) => unknown;

/** A pool whose every statement, BEGIN and COMMIT included, is a step; `end` rolls back what is open. */
export function crashingPool(url: string, crash: Crash): { pool: pg.Pool; end(): Promise<void> } {
  const clients: pg.Client[] = [];
  class CrashingClient extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super(config);
      clients.push(this);
      this.on("error", () => undefined);
    }
    override query(...all: unknown[]): never {
      const [first] = all;
      const query = super.query.bind(this) as AnyQuery;
      const text = typeof first === "string" ? first : String((first as { text?: string }).text);
      const name = text.trim().replace(/\s+/g, " ").slice(0, 40);
      const callback = all.at(-1);
      if (typeof callback !== "function") return crash.step(name, async () => query(...all)) as never;
      const done = callback as (error: Error | null, result?: unknown) => void;
      crash.step(name, async () => query(...all.slice(0, -1))).then((result) => done(null, result), done);
      return undefined as never;
    }
  }
  const pool = new pg.Pool({ connectionString: url, max: 5, Client: CrashingClient });
  pool.on("error", () => undefined);
  return {
    pool,
    // Not `pool.end`: the dead never hand their connections back.
    end: async () => void (await Promise.all(clients.map((client) => client.end()))),
  };
}
