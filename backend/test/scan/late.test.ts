import { describe, expect, it } from "vitest";
import type { Verdict } from "../../src/adapters/scanner/port.ts";
import { createFileScan } from "../../src/features/files/files.scan.ts";
import { filesDeps } from "../faults/crash.world.ts";
import { documentOf, getFile, register, stream, upload } from "../files/client.ts";
import { pdf, picture } from "../files/samples.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createTenant, type Person } from "../harness/client.ts";
import { auditOf } from "./world.ts";

// Nobody scans by himself: the tests say what is found, and when.
const app = await startTestApp({ env: { SCAN: "required", CLAMD_HOST: "127.0.0.1" }, worker: false });
const tenant = await createTenant(app);

/** A scan of the file that ends with this. */
function scan(fileId: string, verdict: Promise<Verdict>): Promise<void> {
  const scanner = {
    scan(bytes: { destroy(): unknown }) {
      bytes.destroy();
      return verdict;
    },
    check: async () => undefined,
  };
  const { handlers } = createFileScan({ ...filesDeps(app), scanning: { mode: "required", scanner } });
  return handlers["file-scan"]({ fileId });
}
const clean = Promise.resolve<Verdict>({ is: "clean" });
const infected: Verdict = { is: "infected", threat: "Some-Threat" };

async function send({ token }: Person, bytes: Buffer, body: object): Promise<string> {
  const { storageKey } = await upload(app, token, bytes, body);
  return (await register(app, token, storageKey)).json.id;
}

describe("a verdict that comes late", () => {
  it("on a picture does not put it in the place of a newer one", async () => {
    const person = await createPerson(app);
    const body = { target: "avatar", fileName: "a.png", contentType: "image/png" };
    const older = await send(person, picture(), body);
    const newer = await send(person, picture(), body);
    await scan(newer, clean);
    await scan(older, clean);
    expect((await call(app, "GET", "/api/v1/me", { token: person.token })).json.avatarFileId).toBe(newer);
    expect((await stream(app, person.token, newer)).status).toBe(200);
    expect((await getFile(app, person.token, older)).status).toBe(404);
    const [removal] = await app.deps.database.sql`
      select 1 from pgboss.job where name = 'object-delete' and data::text like ${`%objects/%/${older}"%`}`;
    expect(removal).toBeDefined();
  });

  it("on a file that was released meanwhile does not lock it away again", async () => {
    const boss = tenant.people.org_admin;
    const id = await send(boss, pdf, documentOf(tenant));
    // As if it were from before scanning, so that both scans find it ready.
    await app.deps.database.sql`update file set status = 'ready' where id = ${id}`;
    const verdict = Promise.withResolvers<Verdict>();
    const late = scan(id, verdict.promise);
    await scan(id, Promise.resolve(infected));
    const released = await call(app, "POST", `/api/v1/files/${id}/release`, { token: boss.token });
    expect(released.json.status).toBe("ready");
    verdict.resolve(infected);
    await late;
    expect((await stream(app, boss.token, id)).bytes.equals(pdf)).toBe(true);
    const actions = (await auditOf(app, id)).map(({ action }) => action);
    expect(actions).toEqual(["file.registered", "file.quarantined", "file.released"]);
  });
});
