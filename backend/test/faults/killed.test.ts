import { readdirSync, statSync, utimesSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { documentOf, getFile, presign, put, register, type Signed, stream, upload } from "../files/client.ts";
import { document, MIB } from "../files/samples.ts";
import { startTestApp } from "../harness/app.ts";
import { createTenant } from "../harness/client.ts";
import { testDatabase } from "../harness/database.ts";
import { createChildServer } from "./child-server.ts";

const database = await testDatabase();
// For its people and its connection; the requests of the tests go to the process that is killed.
const app = await startTestApp({ database, worker: false });
const child = await createChildServer(database);
const tenant = await createTenant(app);
const { token } = tenant.people.org_admin;
const { sql } = app.deps.database;
const quickly = { timeout: 10_000, interval: 1 };

function filesBelow(folder: string): string[] {
  const root = join(child.files, folder);
  return readdirSync(root, { recursive: true })
    .map(String)
    .filter((name) => statSync(join(root, name), { throwIfNoEntry: false })?.isFile());
}

/** Objects are those of the rows, and nothing lies in staging. */
async function expectNothingLeftOver(): Promise<void> {
  await vi.waitFor(async () => {
    const rows = await sql<{ key: string }[]>`
      select 'objects/' || organization_id || '/' || id || '=' as key from file where status <> 'rejected'`;
    expect(filesBelow("objects").sort()).toEqual(rows.map(({ key }) => key).sort());
  }, 10_000);
}

async function kill(when: () => Promise<void> | void): Promise<void> {
  await vi.waitFor(when, quickly);
  await child.kill();
}

it("an upload cut off by SIGKILL is repeated to the same URL after the restart", async () => {
  const bytes = document(8 * MIB);
  const signed: Signed = (await presign(child, token, documentOf(tenant, { size: bytes.length }))).json;
  const sending = request(signed.uploadUrl, {
    method: "PUT",
    headers: { ...signed.headers, "content-length": bytes.length },
    agent: false,
  });
  sending.on("error", () => undefined);
  sending.write(bytes.subarray(0, 4 * MIB));
  await kill(() => {
    const [name = ""] = filesBelow("tmp");
    expect(statSync(join(child.files, "tmp", name)).size).toBeGreaterThan(MIB);
  });
  sending.destroy();
  await child.start();
  expect((await register(child, token, signed.storageKey)).status).toBe(409);
  expect((await put(signed, bytes)).status).toBe(200);
  const file = await register(child, token, signed.storageKey);
  expect(file.status, file.text).toBe(201);
  expect((await stream(child, token, file.json.id)).bytes.equals(bytes)).toBe(true);
  await expectNothingLeftOver();
  // The half that nobody will finish goes at a start a day later.
  const old = Date.now() / 1000 - 26 * 3600;
  for (const name of filesBelow("tmp")) utimesSync(join(child.files, "tmp", name), old, old);
  await child.kill();
  await child.start();
  expect(filesBelow("tmp")).toEqual([]);
});

it.each([
  ["as soon as it has claimed the upload", 15 * MIB, "claimed_at is not null"],
  ["as soon as it has written the file", 15 * MIB, "used_at is not null"],
  ["while a large file waits to be checked", 17 * MIB, "used_at is not null"],
])("a register ended by SIGKILL %s loses nothing", async (_, size, state) => {
  const bytes = document(size);
  const signed = await upload(child, token, bytes, documentOf(tenant));
  const answer = register(child, token, signed.storageKey).catch(() => undefined);
  await kill(async () => {
    const [intent] = await sql.unsafe(`select 1 from upload_intent where storage_key = $1 and ${state}`, [
      signed.storageKey,
    ]);
    expect(intent).toBeDefined();
  });
  const acknowledged = await answer;
  await child.start();
  await sql`update upload_intent set claimed_at = claimed_at - interval '2 minutes'
    where storage_key = ${signed.storageKey}`;
  const again = await register(child, token, signed.storageKey);
  if (acknowledged?.status === 201) expect(again.status).toBe(404);
  expect([201, 404]).toContain(again.status);
  // What the queue does two minutes later, when it has missed the heartbeat of the dead process for long enough.
  await sql`update pgboss.job set state = 'retry', start_after = now(), heartbeat_on = null
    where state = 'active' and name in ('file-verify', 'object-delete')`;
  const [intent] = await sql`select file_id from upload_intent where storage_key = ${signed.storageKey}`;
  const id = again.json.id ?? intent?.file_id;
  await vi.waitFor(async () => expect((await getFile(child, token, id)).json.status).toBe("ready"), {
    timeout: 15_000,
    interval: 100,
  });
  expect((await stream(child, token, id)).bytes.equals(bytes)).toBe(true);
  await expectNothingLeftOver();
});
