import { lt, sql } from "drizzle-orm";
import type { Schedule } from "../../adapters/queue/port.ts";
import { sealAuditEvents } from "../../db/audit-seal.ts";
import type { Database } from "../../db/client.ts";
import { endedSession, idempotencyRecord, session, usedCode, verification } from "../../db/schema/index.ts";

interface Deps {
  readonly db: Database;
  readonly log: { error(details: object, message: string): void };
}

const sealEveryMs = 5000;

/** Keeps tables small and the audit log sealed; safe to run on every instance at once. */
export function createHousekeeping({ db, log }: Deps) {
  let timer: NodeJS.Timeout | undefined;
  let sealing: Promise<unknown> = Promise.resolve();

  const schedules: readonly Schedule[] = [
    {
      name: "expired-rows",
      cron: "17 * * * *",
      async run() {
        for (const table of [session, verification, usedCode, endedSession])
          await db.delete(table).where(lt(table.expiresAt, sql`now()`));
        await db
          .delete(idempotencyRecord)
          .where(lt(idempotencyRecord.createdAt, sql`now() - interval '24 hours'`));
      },
    },
  ];

  function sealLater(): void {
    timer = setTimeout(() => {
      sealing = sealAuditEvents(db)
        .catch((error: unknown) => log.error({ err: error }, "audit log not sealed"))
        .finally(() => timer && sealLater());
    }, sealEveryMs);
  }

  return {
    schedules,
    start: sealLater,
    async stop(): Promise<void> {
      clearTimeout(timer);
      timer = undefined;
      await sealing;
    },
  };
}
