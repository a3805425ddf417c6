import { describe, expect, it } from "vitest";
import { getFile, stream } from "../files/client.ts";
import { document, pdf, picture } from "../files/samples.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createTenant, uploadFile } from "../harness/client.ts";
import { sharedClamd, streamMaxLength } from "./clamd.ts";
import { eicar } from "./samples.ts";
import { auditOf, becomes, scanRest, send } from "./world.ts";

const clamd = sharedClamd();

/** The same data behind a server that did not scan, and behind one that must. */
async function createBoth(settings: Record<string, string>) {
  const before = await startTestApp({ env: { SCAN: "off" } });
  const home = await createTenant(before);
  const env = { DATA_DIR: before.config.dataDir, SCAN: "required", ...settings };
  const after = await startTestApp({ env, database: before.database, worker: false });
  return { before, after, home };
}

if (clamd) {
  const { before, after, home } = await createBoth(clamd);
  const { org_admin: boss, client } = home.people;

  describe("SCAN=required", () => {
    it("serves nothing from before until it was scanned, which the clock sees to", async () => {
      const clean = await send(before, home, pdf, "old.pdf");
      const infected = await send(before, home, eicar, "old.bin");
      const person = await createPerson(before);
      const avatar = await uploadFile(before, person.token, Buffer.concat([picture(), eicar]), {
        target: "avatar",
        fileName: "me.png",
        contentType: "image/png",
      });
      for (const { id, status } of [clean, infected]) {
        expect(status).toBe("ready");
        expect((await stream(before, client.token, id)).status).toBe(200);
        const refused = await stream(after, client.token, id);
        expect(refused.status).toBe(409);
        expect(JSON.parse(String(refused.bytes))).toMatchObject({ code: "scan_pending" });
        expect((await getFile(after, client.token, id)).json).toMatchObject({
          status: "processing",
          downloadUrl: null,
        });
      }

      await scanRest(after);
      expect((await stream(after, client.token, clean.id)).bytes.equals(pdf)).toBe(true);
      expect((await stream(after, client.token, infected.id)).status).toBe(403);
      const me = await call(after, "GET", "/api/v1/me", { token: person.token });
      expect(me.json.avatarFileId).toBeNull();
      expect((await getFile(after, person.token, avatar.id)).json.status).toBe("quarantined");
      expect((await auditOf(after, infected.id)).map(({ action }) => action)).toEqual([
        "file.registered",
        "file.quarantined",
      ]);
    });

    it("puts away what cannot be scanned, until an org_admin releases it", async () => {
      const bytes = document(streamMaxLength + 1);
      const { id } = await send(before, home, bytes, "huge.bin");
      await scanRest(after);
      expect(await becomes(after, boss.token, id, "quarantined")).toMatchObject({
        threat: "Unscannable: larger than StreamMaxLength of clamd",
      });
      expect((await stream(after, boss.token, id)).status).toBe(403);
      const released = await call(after, "POST", `/api/v1/files/${id}/release`, { token: boss.token });
      expect(released.json).toMatchObject({ id, status: "ready" });
      await scanRest(after);
      expect((await stream(after, client.token, id)).bytes.equals(bytes)).toBe(true);
    });
  });
}
