import { and, eq, sql } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { idempotencyRecord as record } from "../../db/schema/index.ts";
import type { IdempotencyStore, RequestKey } from "./port.ts";

const leaseSeconds = 60;
const keepHours = 24;

/** Idempotency records in PostgreSQL: the primary key decides between two requests that come at once. */
export function createIdempotencyStore(db: Database): IdempotencyStore {
  const lease = sql`now() + ${leaseSeconds} * interval '1 second'`;
  const matches = ({ userId, route, key }: RequestKey) =>
    and(eq(record.userId, userId), eq(record.route, route), eq(record.key, key));
  return {
    async claim(request) {
      const taken = await db
        .insert(record)
        .values({ ...request, leaseUntil: lease })
        .onConflictDoUpdate({
          target: [record.userId, record.route, record.key],
          set: {
            bodyHash: request.bodyHash,
            status: null,
            headers: null,
            body: null,
            leaseUntil: lease,
            createdAt: sql`now()`,
          },
          // Out of date, or left by a process that died on the same request.
          setWhere: sql`${record.createdAt} < now() - ${keepHours} * interval '1 hour'
            or (${record.status} is null and ${record.leaseUntil} < now() and ${record.bodyHash} = excluded.body_hash)`,
        })
        .returning({ key: record.key });
      if (taken.length > 0) return { kind: "mine" };
      const [found] = await db.select().from(record).where(matches(request));
      // Given back between the two statements: the client may simply ask again.
      if (!found) return { kind: "running" };
      if (found.bodyHash !== request.bodyHash) return { kind: "mismatch" };
      if (found.status === null) return { kind: "running" };
      if (found.body === null) return { kind: "answered", answer: null };
      return {
        kind: "answered",
        answer: { status: found.status, headers: found.headers ?? {}, body: found.body },
      };
    },
    async keep(request, answer, status) {
      await db
        .update(record)
        .set({ status, headers: answer?.headers ?? null, body: answer?.body ?? null })
        .where(matches(request));
    },
    async release(request) {
      await db.delete(record).where(matches(request));
    },
  };
}
