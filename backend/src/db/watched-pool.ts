import { AsyncResource } from "node:async_hooks";
import pg from "pg";

export interface PoolState {
  readonly total: number;
  readonly idle: number;
  /** Who waits for a connection now. */
  readonly waiting: number;
  /** How many had to wait since the start: for one to come back, or to be opened. */
  readonly waits: number;
  readonly waitSeconds: number;
}

/** How a pool tells of a connection. */
export type Connected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: () => void,
) => void;

/** A pool that knows how long connections were waited for. Taking an idle one costs nothing more. */
export class WatchedPool extends pg.Pool {
  #waits = 0;
  #waitSeconds = 0;

  get state(): PoolState {
    return {
      total: this.totalCount,
      idle: this.idleCount,
      waiting: this.waitingCount,
      waits: this.#waits,
      waitSeconds: this.#waitSeconds,
    };
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): unknown {
    if (this.idleCount > 0) return callback ? super.connect(callback) : super.connect();
    const done = this.#wait();
    if (!callback) return super.connect().finally(done);
    // It is called by whoever gives a connection back, and what follows is not a part of that.
    const own = AsyncResource.bind(callback);
    super.connect((...answer) => {
      done();
      own(...answer);
    });
    return undefined;
  }

  #wait(): () => void {
    const startedAt = performance.now();
    return () => {
      this.#waits += 1;
      this.#waitSeconds += (performance.now() - startedAt) / 1000;
    };
  }
}
