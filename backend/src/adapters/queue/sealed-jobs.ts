import { sql } from "drizzle-orm";
import { NIL } from "uuid";
import type { Database } from "../../db/client.ts";
import { versionOf } from "../data-keys/aes-gcm.ts";
import type { DataKeys } from "../data-keys/port.ts";
import { placeOf } from "./sealed-data.ts";
import { DEAD_LETTERS } from "./settings.ts";

/** What waits in the queue and in the dead letters under one data key. */
export interface UnderKey {
  /** Undefined: no key of ours. */
  readonly version: number | undefined;
  readonly count: number;
  /** Of these, what the ring does not open. */
  readonly unopened: number;
}

interface SealedJob extends Record<string, unknown> {
  readonly id: string;
  readonly name: string;
  /** The queue it came from. */
  readonly source: string;
  readonly sealed: string;
}

const batchSize = 200;
/** A job that failed just now is another row: it is found the next time round. */
const maxRounds = 10;

/** Every sealed job that somebody may still open, a batch at a time. */
async function* sealedJobs(db: Database): AsyncGenerator<SealedJob> {
  for (let last = { name: "", id: NIL as string }; ; ) {
    const { rows } = await db.execute<SealedJob>(sql`
      select id, name, data->>'sealed' as sealed,
        case when name = ${DEAD_LETTERS} then coalesce(source_name, name) else name end as source
      from pgboss.job
      where data ? 'sealed' and state <> 'completed' and (name, id) > (${last.name}, ${last.id}::uuid)
      order by name, id limit ${batchSize}`);
    yield* rows;
    const end = rows.at(-1);
    if (!end || rows.length < batchSize) return;
    last = end;
  }
}

/** The text, or undefined when it does not open. */
function openedBy(keys: DataKeys, { source, sealed }: SealedJob): string | undefined {
  try {
    return keys.open(placeOf(source), sealed);
  } catch {
    return undefined;
  }
}

/** Counts, by key, what is sealed in the queue. Newest keys first. */
export async function countSealedJobs(db: Database, keys: DataKeys): Promise<UnderKey[]> {
  const found = new Map<number | undefined, { count: number; unopened: number }>();
  for await (const job of sealedJobs(db)) {
    const version = versionOf(job.sealed);
    const { count, unopened } = found.get(version) ?? { count: 0, unopened: 0 };
    const isOpen = openedBy(keys, job) !== undefined;
    found.set(version, { count: count + 1, unopened: isOpen ? unopened : unopened + 1 });
  }
  return [...found]
    .map(([version, counts]) => ({ version, ...counts }))
    .sort((a, b) => (b.version ?? -1) - (a.version ?? -1));
}

/**
 * Moves what is sealed in the queue to the current key, so that an older one can leave the ring. Safe while everything
 * serves: one row at a time, and only the envelope that was read is replaced. A job that is done or gone meanwhile
 * stays so.
 *
 * @returns how many were moved
 */
export async function reencryptJobs(db: Database, keys: DataKeys): Promise<number> {
  let moved = 0;
  for (let round = 0, isDone = false; round < maxRounds && !isDone; round += 1) {
    isDone = true;
    for await (const job of sealedJobs(db)) {
      if (versionOf(job.sealed) === keys.current) continue;
      const text = openedBy(keys, job);
      if (text === undefined) continue;
      isDone = false;
      const fresh = keys.seal(placeOf(job.source), text);
      const { rowCount } = await db.execute(sql`
        update pgboss.job set data = jsonb_build_object('sealed', ${fresh}::text)
        where name = ${job.name} and id = ${job.id} and data->>'sealed' = ${job.sealed}`);
      moved += rowCount ?? 0;
    }
  }
  return moved;
}
