import { sql } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { anomalySignal } from "../../db/schema/index.ts";
import { countedReads, type ReadsPort } from "./port.ts";

interface Counted {
  readonly rule: string;
  readonly log: string;
  readonly subject: string;
  readonly detail: string;
  count: number;
}

export interface ReadCounter extends ReadsPort {
  /** Writes down what was counted since the last time. Rejects never: what could not be written is kept. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

interface Deps {
  readonly db: Database;
  readonly log: { warn(details: object, message: string): void };
}

const flushAfterMs = 10_000;
/** Some 20 MB at most while the database is away; what comes on top is not counted. */
const maxKept = 50_000;
const perStatement = 5000;

/** Reads, counted in this process and written in one statement every ten seconds in which there were any. */
export function createReadCounter({ db, log }: Deps): ReadCounter {
  let pending = new Map<string, Counted>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let writing: Promise<void> = Promise.resolve();

  function later(): void {
    if (timer !== undefined || stopped) return;
    timer = setTimeout(() => void flush(), flushAfterMs);
    timer.unref();
  }

  function add(one: Counted): void {
    const key = `${one.rule}\n${one.log}\n${one.subject}\n${one.detail}`;
    const known = pending.get(key);
    if (known) known.count += one.count;
    else if (pending.size < maxKept) pending.set(key, { ...one });
    later();
  }

  const countedBy = (rule: string, userId: string, organizationId: string | null) => ({
    rule,
    log: organizationId ?? "platform",
    subject: userId,
  });

  async function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const batch = [...pending.values()];
    pending = new Map();
    while (batch.length > 0) {
      const portion = batch.slice(0, perStatement);
      try {
        await insert(db, portion);
        batch.splice(0, portion.length);
      } catch (error) {
        log.warn({ err: error, kept: batch.length }, "counts of reads not written yet");
        batch.forEach(add);
        return;
      }
    }
  }

  function flush(): Promise<void> {
    writing = writing.then(write);
    return writing;
  }

  return {
    file({ userId }, organizationId, fileId) {
      add({ ...countedBy(countedReads.files, userId, organizationId), detail: fileId, count: 1 });
    },
    records({ userId }, organizationId, count) {
      if (count > 0) add({ ...countedBy(countedReads.records, userId, organizationId), detail: "", count });
    },
    flush,
    stop() {
      stopped = true;
      return flush();
    },
  };
}

/** In one order, so that two instances that write about the same people wait for each other and not in a circle. */
async function insert(db: Database, counted: readonly Counted[]): Promise<void> {
  const column = (name: keyof Counted) => sql.param(counted.map((one) => one[name]));
  await db.execute(sql`
    insert into ${anomalySignal} (rule, log, subject, minute, detail, count)
    select rule, log, subject, date_trunc('minute', now()), detail, count
    from unnest(${column("rule")}::text[], ${column("log")}::text[], ${column("subject")}::text[],
      ${column("detail")}::text[], ${column("count")}::int[]) as counted(rule, log, subject, detail, count)
    order by rule, log, subject, detail
    on conflict (rule, log, subject, minute, detail)
    do update set count = anomaly_signal.count + excluded.count, fresh = true`);
}
