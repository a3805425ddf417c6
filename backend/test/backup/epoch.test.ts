import { describe, expect, it } from "vitest";
import { sealAuditEvents } from "../../src/db/audit-seal.ts";
import { verifyAuditLog } from "../../src/db/audit-verify.ts";
import { createDatabase } from "../../src/db/client.ts";
import { startTestApp } from "../harness/app.ts";
import { createTenant } from "../harness/client.ts";
import { backups, emptyDatabase, emptyStore, textUploader } from "./places.ts";

// Without jobs: nobody else seals.
const app = await startTestApp({ worker: false });
const home = await createTenant(app);
const { make, restore } = await backups(app);
const elsewhere = await emptyDatabase();
const storage = emptyStore();
const upload = textUploader(app, home);

describe("audit logs of a cluster that had counted further", () => {
  it("are intact after the restore, and what comes then is sealed behind them", async () => {
    const owner = createDatabase(app.database.ownerUrl);
    const far = 5_000_000_000n;
    await sealAuditEvents(owner.db);
    await owner.query({ text: `insert into audit_epoch (id, xid_base) values (gen_random_uuid(), ${far})` });
    await upload("a note from far ahead");
    await sealAuditEvents(owner.db);
    await upload("and one that is not sealed yet");
    // As if all of it had been counted by the cluster itself.
    await owner.query({ text: "delete from audit_epoch" });
    await expect(sealAuditEvents(owner.db)).rejects.toMatchObject({ code: "internal" });
    await owner.close();

    const { name } = await make();
    const restored = await restore(name, { ownerUrl: elsewhere.ownerUrl, storage });
    expect(restored.logs.filter(({ valid }) => !valid)).toEqual([]);
    const { db, close } = createDatabase(elsewhere.appUrl);
    try {
      const { organizationId } = home;
      const [all] = await elsewhere.owner`
        select count(*)::int as n, min(xid::text::numeric) filter (where action = 'backup.restored') > ${String(far)} as behind
        from audit_event where organization_id = ${organizationId}`;
      expect(all?.behind).toBe(true);
      expect(await sealAuditEvents(db)).toBe(0);
      expect(await verifyAuditLog(db, organizationId)).toEqual({
        valid: true,
        checked: all?.n,
        firstBroken: null,
      });
      await expect(
        db.execute("insert into audit_epoch (id, xid_base) values (gen_random_uuid(), 0)"),
      ).rejects.toMatchObject({ cause: { code: "42501" } });
    } finally {
      await close();
    }
  });
});
