import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import { sealAuditEvents } from "../../src/db/audit-seal.ts";
import { verifyAuditLog } from "../../src/db/audit-verify.ts";
import { createDatabase } from "../../src/db/client.ts";
import { findMissing } from "../../src/features/files/files.missing.ts";
import { record } from "../audit-seal/logs.ts";
import { deleteFile, documentOf } from "../files/client.ts";
import type { World } from "../files/world.ts";
import { uploadFile } from "../harness/client.ts";
import { fromCamera } from "../images/samples.ts";
import { backups, contents, emptyDatabase, hashes } from "./places.ts";

/** The drill: lose everything, and get it back. `store` makes an empty one. */
export async function describeDrill(world: World, store: () => Promise<StoragePort>): Promise<void> {
  const { app, home } = world;
  const { make, restore } = await backups(app);
  const { organizationId, people } = home;
  const upload = (bytes: Uint8Array) =>
    uploadFile(app, people.org_admin.token, bytes, documentOf(home, { contentType: "text/plain" }));
  const places = await Promise.all(
    [1, 2].map(async () => ({ target: await emptyDatabase(), storage: await store() })),
  );
  const emptyPlace = () => {
    const place = places.pop();
    if (!place) throw new Error("no empty place is left");
    return place;
  };

  describe("the drill", () => {
    it("brings back every row and every byte into an empty place, and the audit logs go on", async () => {
      await upload(Buffer.from("words of a coach"));
      await upload(randomBytes(300_000));
      await uploadFile(app, people.client.token, await fromCamera("jpeg"), {
        target: "avatar",
        fileName: "me.jpeg",
        contentType: "image/jpeg",
      });
      await sealAuditEvents(app.deps.db);
      const [rows, bytes] = [await contents(app.deps.database.sql), await hashes(app.deps.storage)];

      const { name, manifest } = await make();
      const { target, storage } = emptyPlace();
      const restored = await restore(name, { ownerUrl: target.ownerUrl, storage });

      expect(await contents(target.owner)).toEqual(rows);
      expect(await hashes(storage)).toEqual(bytes);
      expect(Object.keys(bytes).length, "an avatar, its three sizes, two documents").toBe(6);
      expect(restored.objects).toBe(manifest.objects.count);
      expect(manifest.objects.missing).toBe(0);
      expect(restored.logs.length).toBeGreaterThan(0);
      expect(restored.logs.filter(({ valid }) => !valid)).toEqual([]);
      const [sessions] = await target.owner`select count(*)::int as n from session`;
      expect(sessions?.n, "nobody who signed out is signed in again").toBe(0);

      const { db, close } = createDatabase(target.appUrl);
      try {
        await record(organizationId, db);
        expect(await sealAuditEvents(db)).toBe(1);
        expect(await verifyAuditLog(db, organizationId)).toMatchObject({ valid: true });
        const told =
          await target.owner`select organization_id from audit_event where action = 'backup.restored'`;
        const [organizations] = await target.owner`select count(*)::int as n from organization`;
        expect(told.length, "every organization, and the platform").toBe(organizations?.n + 1);
      } finally {
        await close();
      }
    });

    it("has the bytes of every row while files come and go", async () => {
      let done = false;
      const traffic = Promise.all(
        [1, 2, 3].map(async () => {
          while (!done) {
            const file = await upload(randomBytes(2_000));
            await upload(randomBytes(1_000));
            await deleteFile(app, people.org_admin.token, file.id);
          }
        }),
      );
      const { name, manifest } = await make().finally(() => {
        done = true;
      });
      await traffic;
      expect(manifest.objects.missing).toBe(0);
      const { target, storage } = emptyPlace();
      await restore(name, { ownerUrl: target.ownerUrl, storage });
      const { db, close } = createDatabase(target.appUrl);
      try {
        expect(await findMissing({ db, storage })).toMatchObject({ missing: 0 });
      } finally {
        await close();
      }
    });
  });
}
