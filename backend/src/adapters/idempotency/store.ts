import { randomUUID } from "node:crypto";
import { and, eq, sql } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { idempotencyRecord as record } from "../../db/schema/index.ts";
import type { HeldKey, IdempotencyStore, RequestKey } from "./port.ts";

const keepHours = 24;

/**
 * Idempotency records in PostgreSQL: the primary key decides between two requests that come at once, the id of a claim
 * between one that was held up and the one that took its key over.
 *
 * @param leaseSeconds how long a key stays taken when its process dies; renewed long before while the work goes on.
 */
export function createIdempotencyStore(db: Database, leaseSeconds = 60): IdempotencyStore {
  const lease = sql`now() + ${leaseSeconds} * interval '1 second'`;
  const matches = ({ userId, route, key }: RequestKey) =>
    and(eq(record.userId, userId), eq(record.route, route), eq(record.key, key));

  function hold(request: RequestKey, claimId: string): HeldKey {
    const mine = and(matches(request), eq(record.claimId, claimId));
    const renew = async () => void (await db.update(record).set({ leaseUntil: lease }).where(mine));
    return {
      async during(work) {
        // Two may fail before the lease is over; then it is as if this process had died.
        const renewal = setInterval(() => renew().catch(() => undefined), (leaseSeconds * 1000) / 3).unref();
        try {
          return await work();
        } finally {
          clearInterval(renewal);
        }
      },
      async keep(answer, status) {
        await db
          .update(record)
          .set({ status, headers: answer?.headers ?? null, body: answer?.body ?? null })
          .where(mine);
      },
      async release() {
        await db.delete(record).where(mine);
      },
    };
  }

  return {
    async claim(request) {
      const claimId = randomUUID();
      const taken = await db
        .insert(record)
        .values({ ...request, claimId, leaseUntil: lease })
        .onConflictDoUpdate({
          target: [record.userId, record.route, record.key],
          set: {
            bodyHash: request.bodyHash,
            claimId,
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
      if (taken.length > 0) return { kind: "mine", held: hold(request, claimId) };
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
  };
}
