import { describe, expect, it } from "vitest";
import { JOB_SETTINGS } from "../../src/adapters/queue/settings.ts";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import { AppError } from "../../src/errors.ts";
import { createFileJobs } from "../../src/features/files/files.jobs.ts";
import { filesDeps } from "../faults/crash.world.ts";
import { startTestApp } from "../harness/app.ts";
import { createTenant } from "../harness/client.ts";
import { documentOf, getFile, objectKeys, register, stagedObject, stream, upload } from "./client.ts";
import { document, MIB } from "./samples.ts";

// Without a worker: every job of an upload is lost.
const app = await startTestApp({ worker: false });
const tenant = await createTenant(app);
const { token } = tenant.people.org_admin;
const { sql } = app.deps.database;
const large = document(16 * MIB + 9);

const verifyRest = (storage: StoragePort = app.deps.storage) =>
  createFileJobs({ ...filesDeps(app), storage })
    .schedules.find(({ name }) => name === "file-verify-rest")
    ?.run();
const tenMinutesLater = () => sql`update file set updated_at = now() - interval '11 minutes'`;

async function send(more: Record<string, unknown> = {}) {
  const signed = await upload(app, token, large, documentOf(tenant, more));
  const { json } = await register(app, token, signed.storageKey);
  expect(json.status).toBe("processing");
  return { id: String(json.id), signed };
}
const statusOf = async (id: string) => (await getFile(app, token, id)).json.status;

describe("a large file whose check was lost", () => {
  it("is checked by the clock, once its own job has had its time", async () => {
    const { id, signed } = await send();
    await verifyRest();
    expect(await statusOf(id)).toBe("processing");
    await tenMinutesLater();
    await verifyRest();
    expect(await statusOf(id)).toBe("ready");
    expect((await stream(app, token, id)).bytes.equals(large)).toBe(true);
    const [removal] = await sql`
      select data from pgboss.job where name = 'object-delete' and data::text like ${`%${signed.storageKey}%`}`;
    expect(removal?.data).toEqual({ keys: [`staging/${signed.storageKey}`] });
  });

  it("still has to have the digest that was promised", async () => {
    const { id } = await send({ sha256: "0".repeat(64) });
    await tenMinutesLater();
    await verifyRest();
    expect(await statusOf(id)).toBe("rejected");
  });

  it("waits while the store is down, and for no operator; one that fails holds up no other", async () => {
    const first = await send();
    const second = await send();
    await tenMinutesLater();
    const away = () => Promise.reject(new AppError("unavailable", "The file store is not available."));
    let asked = 0;
    const down: StoragePort = {
      ...app.deps.storage,
      check: away,
      head() {
        asked += 1;
        return away();
      },
    };
    await expect(verifyRest(down)).rejects.toMatchObject({ code: "unavailable" });
    expect(asked).toBe(1);
    const broken: StoragePort = {
      ...app.deps.storage,
      read: (key, range) => (key.endsWith(first.id) ? away() : app.deps.storage.read(key, range)),
    };
    await expect(verifyRest(broken)).rejects.toMatchObject({ code: "unavailable" });
    expect([await statusOf(first.id), await statusOf(second.id)]).toEqual(["processing", "ready"]);
    await verifyRest();
    expect(await statusOf(first.id)).toBe("ready");
    expect(JOB_SETTINGS["file-verify"].deadLetter).toBeUndefined();
  });

  it("is nobody's any more when it was deleted", async () => {
    const { id, signed } = await send();
    await tenMinutesLater();
    await sql`delete from file where id = ${id}`;
    await verifyRest();
    expect(await stagedObject(app, signed)).not.toBeNull();
    expect(await objectKeys(app, `objects/${tenant.organizationId}/${id}`)).toEqual([]);
  });
});
