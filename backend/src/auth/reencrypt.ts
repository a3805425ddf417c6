import { parseEnvelope, symmetricDecrypt, symmetricEncrypt } from "better-auth/crypto";
import { and, eq } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { twoFactor } from "../db/schema/index.ts";
import type { SecretRing } from "./token-ring.ts";

export interface Reencrypted {
  readonly moved: number;
  /** Rows whose secret is no longer in the ring: these people must enrol anew. */
  readonly lost: number;
}

/**
 * Moves second factors to the current secret, so that an older one can leave the ring. Safe while serving: a row that
 * changed meanwhile is left as it is, and a second run finds it.
 */
export async function reencryptSecondFactors(db: Database, ring: SecretRing): Promise<Reencrypted> {
  const [current] = ring;
  if (!current) throw new Error("The key ring is empty");
  const key = {
    keys: new Map(ring.map(({ version, value }) => [version, value])),
    currentVersion: current.version,
  };
  const again = async (data: string): Promise<string> =>
    symmetricEncrypt({ key, data: await symmetricDecrypt({ key, data }) });
  const result = { moved: 0, lost: 0 };
  for (const row of await db.select().from(twoFactor)) {
    if (parseEnvelope(row.secret)?.version === current.version) continue;
    try {
      const fresh = { secret: await again(row.secret), backupCodes: await again(row.backupCodes) };
      // A backup code that is used meanwhile must not come back.
      const same = and(eq(twoFactor.secret, row.secret), eq(twoFactor.backupCodes, row.backupCodes));
      await db.update(twoFactor).set(fresh).where(same);
      result.moved += 1;
    } catch {
      result.lost += 1;
    }
  }
  return result;
}
