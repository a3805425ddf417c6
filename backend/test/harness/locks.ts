import type { TransactionSql } from "postgres";
import { expect, vi } from "vitest";
import type { TestApp } from "./app.ts";

/** Until as many of the application's statements wait for a lock; below the statement timeout, which would end them. */
export async function someoneWaits(app: TestApp, atLeast = 1): Promise<void> {
  await vi.waitFor(
    async () => {
      // On a connection of its own: a transaction sees the same activity again and again.
      const waiting = await app.deps.database.sql`
        select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
      expect(waiting.length).toBeGreaterThanOrEqual(atLeast);
    },
    { timeout: 4000 },
  );
}

/** Starts requests that all need the rows that `lock` locks, and lets go of the rows once several requests wait. */
export async function inOneMoment<T>(
  app: TestApp,
  lock: (tx: TransactionSql) => PromiseLike<unknown>,
  start: () => Promise<T>[],
): Promise<T[]> {
  let running: Promise<T>[] = [];
  await app.deps.database.sql.begin(async (tx) => {
    await lock(tx);
    running = start();
    await someoneWaits(app, 4);
  });
  return Promise.all(running);
}
