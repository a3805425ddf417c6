import { v7 as uuidv7 } from "uuid";
import { describe, expect, it } from "vitest";
import { createFilesService } from "../../src/features/files/files.service.ts";
import { documentOf, getFile, stream } from "../files/client.ts";
import { complete, uploadInParts } from "../files/multipart.ts";
import { document } from "../files/samples.ts";
import { uploadFile } from "../harness/client.ts";
import {
  atEveryStep,
  crashWorld,
  expectNothingLeftOver,
  expectSoundStore,
  fileIdOf,
  filesDeps,
  letTimePass,
  runUntil,
  staged,
  sweep,
  sweepStore,
} from "./crash.world.ts";

const { app, tenant, boss, caller, paper } = await crashWorld();
const { storage } = app.deps;
const bytes = document(2000);
const put = (key: string) => storage.put(key, bytes, { contentType: "application/pdf", size: bytes.length });

describe.each(["killed", "failed"] as const)("the daily sweep, %s at any of its steps", (mishap) => {
  it("takes nothing that belongs to anybody, and leaves nothing that the next one cannot find", async () => {
    const { id } = await uploadFile(app, boss.token, bytes, documentOf(tenant));
    const steps = await atEveryStep(mishap, async (point) => {
      const [bare, beside] = [uuidv7(), uuidv7()].map((one) => `objects/${tenant.organizationId}/${one}`);
      await put(String(bare));
      await put(`${beside}.256.webp`);
      await letTimePass(app);
      const { survived, label } = await runUntil(app, point, (deps) => sweepStore(app, deps));
      const served = await stream(app, boss.token, id);
      expect(served.bytes.equals(bytes), label).toBe(true);
      return survived;
    });
    expect(steps).toBeGreaterThan(4);
    await sweepStore(app);
    await expectNothingLeftOver(app);
    await expectSoundStore(app);
  });
});

describe("the daily sweep", () => {
  it("has nothing to lose against registers that run meanwhile", async () => {
    const { register } = createFilesService({ ...filesDeps(app), reads: app.deps.reads });
    for (let round = 0; round < 5; round++) {
      const keys = await Promise.all(Array.from({ length: 4 }, () => staged(app, caller, bytes, paper)));
      const registered = Promise.all(keys.map((key) => register(caller, { storageKey: key })));
      // As if all of it were old: only rows and intents hold it.
      const aged = { ...filesDeps(app), storage: { ...storage, list: old } };
      for (let i = 0; i < 4; i++) await sweepStore(app, aged);
      for (const { id } of await registered)
        expect((await stream(app, boss.token, id)).bytes.equals(bytes)).toBe(true);
      for (const key of keys)
        expect((await getFile(app, boss.token, await fileIdOf(app, key))).status).toBe(200);
    }
    await letTimePass(app);
    await sweep(app);
    await expectNothingLeftOver(app);
  });
});

describe("the sweep of every ten minutes", () => {
  it("has nothing to lose against uploads of both kinds that run meanwhile", async () => {
    const aged = { ...filesDeps(app), storage: { ...storage, list: old } };
    const body = documentOf(tenant);
    const inParts = async () => {
      const { uploadId } = await uploadInParts(app, boss.token, bytes, body);
      const { status, json } = await complete(app, boss.token, uploadId);
      expect(status).toBe(201);
      return json;
    };
    for (let round = 0; round < 5; round++) {
      let done = false;
      const uploads = Promise.all(
        Array.from({ length: 12 }, (_, i) => (i % 2 ? inParts() : uploadFile(app, boss.token, bytes, body))),
      ).finally(() => {
        done = true;
      });
      do await sweep(app, aged);
      while (!done);
      for (const { id } of await uploads)
        expect((await stream(app, boss.token, id)).bytes.equals(bytes)).toBe(true);
    }
  });
});

async function* old(prefix: string) {
  for await (const object of storage.list(prefix)) yield { ...object, lastModified: new Date(0) };
}
