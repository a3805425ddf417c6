import { basename, join, resolve } from "node:path";
import { asc, gt } from "drizzle-orm";
import type { StoragePort } from "../adapters/storage/port.ts";
import { startAuditEpoch } from "../db/audit-epoch.ts";
import { sealAuditEvents } from "../db/audit-seal.ts";
import { type Verdict, verifyAuditLog } from "../db/audit-verify.ts";
import type { Database, Transaction } from "../db/client.ts";
import { migrate } from "../db/migrate.ts";
import { auditEvent, auditSeal, organization } from "../db/schema/index.ts";
import { withConnection } from "./connection.ts";
import { type Eraser, type Erasure, replayErasures } from "./erasures.ts";
import { allParts, type Manifest, readManifest } from "./layout.ts";
import { assertNoRows, assertSameTables, loadTables, verifyCounts } from "./load.ts";
import { migrateTo } from "./migrate-to.ts";
import { assertNoObjects, restoreObjects } from "./restore-objects.ts";
import { checkPart, createOpener, openSealed } from "./seal.ts";

export interface RestoreOptions {
  /** As `coaching_owner`. */
  readonly ownerUrl: string;
  readonly storage: Pick<StoragePort, "list" | "put" | "read">;
  /** Folder of one backup, beside the pool it was made with. */
  readonly from: string;
  /** Contents of the identity file. */
  readonly identities: string;
  /** Count, read back and recompute everything once more. */
  readonly verify: boolean;
  readonly erasures: readonly Erasure[];
  readonly erasers: Readonly<Record<string, Eraser>>;
}

export interface Restored {
  readonly manifest: Manifest;
  readonly manifestSha256: string;
  readonly rows: number;
  readonly objects: number;
  /** Verdicts on the audit logs, with `verify`. */
  readonly logs: readonly (Verdict & { readonly organizationId: string | null })[];
}

/**
 * Brings a backup back into an empty database and an empty store. The bytes come first and the rows last, all at once:
 * a database with rows is a whole one.
 *
 * @throws before anything is written, when a part was changed, no identity opens it, or there is something already
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { ownerUrl, storage, verify } = options;
  const from = resolve(options.from);
  const opener = createOpener(options.identities);
  const { manifest, sha256 } = await readManifest(from);
  for (const part of allParts(manifest)) await checkPart(join(from, part.file), part);
  const list = await openSealed(join(from, manifest.objects.part.file), manifest.objects.part.bytes, opener);
  list.stream.destroy();
  await assertNoObjects(storage);
  await withConnection(ownerUrl, assertNoRows);
  await migrateTo(manifest.migrations, ownerUrl);
  const logs = await withConnection(ownerUrl, async (connection) => {
    await assertSameTables(connection, manifest);
    await restoreObjects({ folder: from, manifest, opener }, storage, verify);
    await connection.client.query("begin");
    await loadTables(connection, { folder: from, manifest, opener });
    const tx = connection.db as unknown as Transaction;
    if (verify) await verifyCounts(tx, manifest);
    await startAuditEpoch(tx);
    await connection.client.query("commit");
    // What follows speaks the language of this release.
    await migrate({ ownerUrl });
    await connection.client.query("begin");
    await replayErasures(tx, options.erasures, options.erasers);
    await recordRestore(tx, from, manifest);
    await connection.client.query("commit");
    await connection.client.query("analyze");
    return verify ? auditVerdicts(connection.db) : [];
  });
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  return { manifest, manifestSha256: sha256, rows, objects: manifest.objects.count, logs };
}

const batchSize = 500;

/** Every log says that what follows was written after a restore: also those of organizations, whose data went back. */
async function recordRestore(tx: Transaction, from: string, { createdAt }: Manifest): Promise<void> {
  const event = (organizationId: string | null) => ({
    organizationId,
    action: "backup.restored",
    actorType: "system" as const,
    targetType: "backup",
    targetId: basename(from),
    result: "allowed" as const,
    changes: { createdAt },
  });
  await tx.insert(auditEvent).values(event(null));
  let last: string | undefined;
  for (;;) {
    const rows: { id: string }[] = await tx
      .select({ id: organization.id })
      .from(organization)
      .where(last === undefined ? undefined : gt(organization.id, last))
      .orderBy(asc(organization.id))
      .limit(batchSize);
    if (rows.length > 0) await tx.insert(auditEvent).values(rows.map(({ id }) => event(id)));
    last = rows.at(-1)?.id;
    if (rows.length < batchSize) return;
  }
}

async function auditVerdicts(db: Database): Promise<Restored["logs"]> {
  await sealAuditEvents(db);
  const logs = await db.selectDistinct({ organizationId: auditSeal.organizationId }).from(auditSeal);
  const verdicts = [];
  for (const { organizationId } of logs)
    verdicts.push({ organizationId, ...(await verifyAuditLog(db, organizationId)) });
  return verdicts;
}
