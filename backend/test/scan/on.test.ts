import { describe, expect, it } from "vitest";
import { documentOf, getFile, objectKeys, register, stream, upload } from "../files/client.ts";
import { document, html, MIB, pdf, picture } from "../files/samples.ts";
import { call, createPerson, join } from "../harness/client.ts";
import { mailTo } from "../sign-in/mailbox.ts";
import { sharedClamd, streamMaxLength } from "./clamd.ts";
import { eicar, zipOf } from "./samples.ts";
import { auditOf, becomes, createScanWorld, send } from "./world.ts";

const clamd = sharedClamd();
const world = clamd && (await createScanWorld({ SCAN: "on", ...clamd, SCAN_MAX_BYTES: String(17 * MIB) }));

if (world)
  describe("uploads with SCAN=on", () => {
    const { app, home } = world;
    const { org_admin: boss, client } = home.people;

    it("are processing until the scanner has found nothing, then stream", async () => {
      const file = await send(app, home, pdf, "clean.pdf");
      expect(file).toMatchObject({ status: "processing", contentType: "application/pdf" });
      const ready = await becomes(app, boss.token, file.id, "ready");
      expect(ready).toMatchObject({ downloadUrl: expect.any(String), threat: null });
      expect((await stream(app, client.token, file.id)).bytes.equals(pdf)).toBe(true);
      const [row] = await app.deps.database.sql`select scanned_at from file where id = ${file.id}`;
      expect(row?.scanned_at).toBeInstanceOf(Date);
    });

    it.each([
      ["bare.bin", eicar],
      ["letter.zip", zipOf("letter.txt", eicar)],
    ])("with malware never stream: %s", async (name, bytes) => {
      const file = await send(app, home, bytes, name);
      const quarantined = await becomes(app, boss.token, file.id, "quarantined");
      expect(quarantined).toMatchObject({
        downloadUrl: null,
        downloadUrlExpiresAt: null,
        threat: "Eicar-Test-Signature.UNOFFICIAL",
      });
      for (const { token } of [boss, client]) {
        const refused = await stream(app, token, file.id);
        expect(refused.status).toBe(403);
        expect(JSON.parse(String(refused.bytes))).toMatchObject({ code: "quarantined" });
        expect(refused.bytes.includes(eicar)).toBe(false);
      }
      expect(await auditOf(app, file.id)).toMatchObject([
        { action: "file.registered", actor_id: boss.userId },
        {
          action: "file.quarantined",
          actor_id: null,
          organization_id: home.organizationId,
          changes: { target: "organizationFile", threat: "Eicar-Test-Signature.UNOFFICIAL" },
        },
      ]);
      const mail = await mailTo(app, boss.email, ({ subject }) => subject.includes("quarantine"));
      expect(`${mail.subject}${mail.text}${mail.html}`).not.toMatch(/eicar|letter|bare/i);
    });

    it("that are large are verified first, then scanned", async () => {
      const bytes = Buffer.concat([document(16 * MIB), eicar]);
      const file = await send(app, home, bytes, "large.bin");
      expect(file).toMatchObject({ status: "processing", sha256: null });
      // The daemon of the tests takes less, and says so; the file passes, and the log tells.
      expect(await becomes(app, boss.token, file.id, "ready")).toMatchObject({ sha256: expect.any(String) });
      expect(await auditOf(app, file.id)).toMatchObject([
        { action: "file.registered" },
        {
          action: "file.unscanned",
          actor_id: null,
          changes: { target: "organizationFile", reason: "larger than StreamMaxLength of clamd" },
        },
      ]);
      const [row] = await app.deps.database.sql`select scanned_at from file where id = ${file.id}`;
      expect(row?.scanned_at).toBeNull();
    });

    it("that are larger than SCAN_MAX_BYTES pass as well", async () => {
      const file = await send(app, home, document(17 * MIB + 1), "larger.bin");
      await becomes(app, boss.token, file.id, "ready");
      expect((await auditOf(app, file.id)).map(({ changes }) => changes)).toContainEqual({
        target: "organizationFile",
        reason: "larger than SCAN_MAX_BYTES",
      });
    });

    it("that are not what was promised are refused at once, as ever", async () => {
      const body = documentOf(home, { fileName: "x.png", contentType: "image/png" });
      const { storageKey } = await upload(app, boss.token, html, body);
      expect((await register(app, boss.token, storageKey)).status).toBe(422);
    });

    it("just below what the scanner takes are found out", async () => {
      const bytes = Buffer.concat([document(streamMaxLength - eicar.length), eicar]);
      const file = await send(app, home, bytes, "full.bin");
      await becomes(app, boss.token, file.id, "quarantined");
    });

    describe("of an avatar", () => {
      const body = { target: "avatar", fileName: "me.png", contentType: "image/png" };
      const infected = () => Buffer.concat([picture(), eicar]);
      const put = async (token: string, bytes: Buffer) => {
        const { storageKey } = await upload(app, token, bytes, body);
        return (await register(app, token, storageKey)).json;
      };
      const shown = async (token: string) =>
        (await call(app, "GET", "/api/v1/me", { token })).json.avatarFileId;

      it("leave the old one until the new one has passed, and for good if it does not", async () => {
        const person = await createPerson(app);
        await join(app, home.organizationId, person, "client");
        const first = await put(person.token, picture());
        await becomes(app, person.token, first.id, "ready");
        expect(await shown(person.token)).toBe(first.id);

        const bad = await put(person.token, infected());
        expect(await becomes(app, person.token, bad.id, "quarantined")).toMatchObject({
          threat: "Eicar-Test-Signature.UNOFFICIAL",
        });
        expect(await shown(person.token)).toBe(first.id);
        expect((await stream(app, client.token, first.id)).status).toBe(200);
        expect((await getFile(app, client.token, bad.id)).status).toBe(403);

        const second = await put(person.token, picture());
        await becomes(app, person.token, second.id, "ready");
        expect(await shown(person.token)).toBe(second.id);
        expect((await getFile(app, person.token, first.id)).status).toBe(404);
        const folder = `objects/${person.userId}`;
        const keysOf = (id: string) => objectKeys(app, `${folder}/${id}`);
        await expect.poll(() => keysOf(first.id), { timeout: 15_000 }).toEqual([]);
        for (const { id } of [bad, second]) expect(await keysOf(id)).toContain(`${folder}/${id}`);
      });
    });
  });
