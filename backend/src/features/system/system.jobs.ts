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

/** Places that nobody signed in from for half a year; a person's last one stays, for the next one to be news. */
const forgetPlaces = (db: Database) =>
  db.execute(sql`
    delete from known_device d where last_seen_at < now() - interval '180 days' and exists (
      select 1 from known_device later where later.user_id = d.user_id and later.last_seen_at > d.last_seen_at)`);

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
        await forgetPlaces(db);
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
