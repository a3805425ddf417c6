import { createHash } from "node:crypto";
import { and, eq, lt, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { usedCode } from "../db/schema/index.ts";

/** Time-based codes that were presented. */
export interface UsedCodes {
  /** Marks a code as presented; false when it was before, however many present it at the same time. */
  present(userId: string, code: string): Promise<boolean>;
}

/**
 * Better-auth accepts a time-based code again while its window lasts, which RFC 6238 (5.2) forbids (better-auth#10387).
 * A code counts as used when it is presented, right or wrong: of parallel attempts with it one at most gets through.
 */
export function createUsedCodes(db: Database): UsedCodes {
  return {
    async present(userId, code) {
      const codeHash = createHash("sha256").update(`${userId}:${code}`).digest("hex");
      await db.delete(usedCode).where(and(eq(usedCode.userId, userId), lt(usedCode.expiresAt, sql`now()`)));
      const fresh = await db
        .insert(usedCode)
        .values({ userId, codeHash })
        .onConflictDoNothing()
        .returning({ userId: usedCode.userId });
      return fresh.length > 0;
    },
  };
}
