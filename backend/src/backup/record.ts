import type { Database, Queryable } from "../db/client.ts";
import { auditEvent } from "../db/schema/index.ts";
import type { Manifest } from "./layout.ts";

const action = "backup.created";

/** Tells the database that it was backed up, so that every instance knows how long ago. */
export async function recordBackup(db: Database, name: string, { createdAt }: Manifest): Promise<void> {
  await db.insert(auditEvent).values({
    action,
    actorType: "system",
    targetType: "backup",
    targetId: name,
    result: "allowed",
    changes: { createdAt },
  });
}

/** When the last good backup ended, in seconds since 1970; null when there never was one. */
export async function lastBackup(database: Queryable): Promise<number | null> {
  const { rows } = await database.query<{ at: number | null }>({
    name: "last_backup",
    text: `select extract(epoch from max(at))::float8 as at from audit_event where action = '${action}'`,
  });
  return rows[0]?.at ?? null;
}
