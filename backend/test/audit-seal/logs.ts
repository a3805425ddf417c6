import postgres from "postgres";
import { afterAll, beforeEach } from "vitest";
import { sealAuditEvents } from "../../src/db/audit-seal.ts";
import { createDatabase, type Database, type Transaction } from "../../src/db/client.ts";
import { auditEvent } from "../../src/db/schema/index.ts";
import { testDatabase } from "../harness/database.ts";

export const ORG = "0190a000-0000-7000-8000-000000000001";
export const OTHER = "0190a000-0000-7000-8000-000000000002";

export const intact = (checked: number) => ({ valid: true, checked, firstBroken: null });

/** Writes one event and answers its id. */
export async function record(organizationId: string | null, tx: Database | Transaction): Promise<string> {
  const [row] = await tx
    .insert(auditEvent)
    .values({
      organizationId,
      action: "note.created",
      actorType: "user",
      actorId: OTHER,
      targetType: "note",
      targetId: "n1",
      result: "allowed",
      ip: "192.0.2.1",
      client: "web",
      requestId: "r-1",
      changes: { title: ["old", "new"], n: 1 },
    })
    .returning({ id: auditEvent.id });
  if (!row) throw new Error("no row");
  return row.id;
}

/** A database with empty logs for each test, as the application and as the owner see it. */
export async function auditLogs() {
  const urls = await testDatabase();
  const { db, close } = createDatabase(urls.appUrl);
  const app = postgres(urls.appUrl, { max: 2, onnotice: () => {} });
  const owner = postgres(urls.ownerUrl, { max: 2, onnotice: () => {} });
  const clear = () => owner`truncate audit_event, audit_seal`;
  afterAll(async () => {
    await close();
    await app.end();
    await owner.end();
  });
  beforeEach(clear);

  async function recordMany(organizationId: string | null, count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push(await record(organizationId, db));
    return ids;
  }

  /** Two seals over five events. */
  async function sealedLog(): Promise<[string, string, string, string, string]> {
    const [a, b] = await recordMany(ORG, 2);
    await sealAuditEvents(db);
    const [c, d, e] = await recordMany(ORG, 3);
    await sealAuditEvents(db);
    return [a, b, c, d, e] as [string, string, string, string, string];
  }

  return { urls, db, app, owner, clear, recordMany, sealedLog };
}
