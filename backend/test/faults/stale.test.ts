import { describe, expect, it, vi } from "vitest";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import type { FilesDeps } from "../../src/features/files/files.deps.ts";
import { createFileJobs } from "../../src/features/files/files.jobs.ts";
import { createRegister } from "../../src/features/files/files.register.ts";
import { deleteFile, documentOf, getFile, put, register, stream, upload } from "../files/client.ts";
import { document, MIB } from "../files/samples.ts";
import { crashWorld, expectNothingLeftOver, filesDeps, letTimePass, staged, sweep } from "./crash.world.ts";

const { app, tenant, boss, caller, paper } = await crashWorld();
const { sql } = app.deps.database;
const { storage } = app.deps;
const bytes = document(5000);

/** A store whose copies stop, as those of a process that hangs, until `go`. */
function hangingStore() {
  const reached = Promise.withResolvers<void>();
  const { promise, resolve: go } = Promise.withResolvers<void>();
  const hanging: StoragePort = {
    ...storage,
    async copy(from, to) {
      reached.resolve();
      await promise;
      await storage.copy(from, to);
    },
  };
  return { hanging, reached: reached.promise, go };
}

const leaseEnds = (storageKey: string) => sql`
  update upload_intent set claimed_at = claimed_at - interval '2 minutes' where storage_key = ${storageKey}`;

/** A register that hangs in its copy for longer than its claim lasts, and another one that succeeds meanwhile. */
async function overtaken(body: Record<string, unknown>) {
  const signed = await upload(app, boss.token, bytes, documentOf(tenant, body));
  const { hanging, reached, go } = hangingStore();
  const stale = createRegister({ ...filesDeps(app), storage: hanging })(caller, signed).then(
    () => "registered",
    () => "refused",
  );
  await reached;
  await leaseEnds(signed.storageKey);
  const file = await register(app, boss.token, signed.storageKey);
  expect(file.status, file.text).toBe(201);
  return {
    signed,
    file: file.json,
    goOn: async () => {
      go();
      return stale;
    },
  };
}

async function expectUntouched(file: { id: string; sha256: string }): Promise<void> {
  const served = await stream(app, boss.token, file.id);
  expect(served.status).toBe(200);
  expect(served.bytes.equals(bytes)).toBe(true);
  expect((await getFile(app, boss.token, file.id)).json).toMatchObject(file);
}

describe("a register that hung for longer than its claim lasts", () => {
  it("does not register again", async () => {
    const { file, goOn } = await overtaken({});
    expect(await goOn()).toBe("refused");
    await expectUntouched(file);
  });

  it.each([
    ["of the same kind", Buffer.from(bytes).fill(7, 9)],
    ["of another kind", Buffer.from(bytes).fill("<html>")],
  ])(
    "does not put bytes uploaded meanwhile in the place of those that were checked: %s",
    async (_, other) => {
      const { signed, file, goOn } = await overtaken({});
      expect((await put(signed, other)).status).toBe(200);
      await goOn();
      await expectUntouched(file);
    },
  );

  it("does not take away the file that the other one made, though its own check fails", async () => {
    const sha256 = Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
    const { signed, file, goOn } = await overtaken({ sha256 });
    expect((await put(signed, Buffer.from(bytes).fill(7, 9))).status).toBe(200);
    await goOn();
    await letTimePass(app);
    await sweep(app);
    await expectUntouched(file);
    await expectNothingLeftOver(app);
  });

  it("leaves no bytes behind when its intent was swept meanwhile", async () => {
    const storageKey = await staged(app, caller, bytes, paper);
    const { hanging, reached, go } = hangingStore();
    const stale = createRegister({ ...filesDeps(app), storage: hanging })(caller, { storageKey }).catch(
      (error: unknown) => error,
    );
    await reached;
    await sql`update upload_intent set expires_at = now() - interval '2 hours' where storage_key = ${storageKey}`;
    await sweep(app);
    expect(await sql`select 1 from upload_intent where storage_key = ${storageKey}`).toHaveLength(0);
    // What the sweep asked for may be done before or after the copy: here it is put back first.
    await app.deps.storage.put(`staging/${storageKey}`, bytes, {
      contentType: "application/pdf",
      size: bytes.length,
    });
    go();
    expect(await stale).toMatchObject({ code: "not_found" });
    await letTimePass(app);
    await sweep(app);
    await expectNothingLeftOver(app);
  });
});

describe("the sweep", () => {
  it("finds an upload that ended after its intent was swept", async () => {
    const signed = await upload(app, boss.token, bytes, documentOf(tenant));
    await letTimePass(app);
    await sweep(app);
    await expectNothingLeftOver(app);
    // The URL may still be used: it was signed for ten minutes.
    expect((await put(signed, bytes)).status).toBe(200);
    await sweep(app);
    const stagedKey = `staging/${signed.storageKey}`;
    expect(await app.deps.storage.head(stagedKey), "it may still be on its way").not.toBeNull();
    await letTimePass(app);
    await sweep(app);
    expect(await app.deps.storage.head(stagedKey)).toBeNull();
    expect((await register(app, boss.token, signed.storageKey)).status).toBe(404);
  });

  it("leaves alone what can still be registered, and every file that is there", async () => {
    const file = await staged(app, caller, bytes, paper);
    const registered = (await register(app, boss.token, file)).json;
    const waiting = await upload(app, boss.token, bytes, documentOf(tenant));
    await letTimePass(app);
    await sql`update upload_intent set expires_at = now() + interval '1 minute'
      where storage_key = ${waiting.storageKey}`;
    await sweep(app);
    expect((await register(app, boss.token, waiting.storageKey)).status).toBe(201);
    await expectUntouched(registered);
  });

  it("leaves alone a large file that waits to be checked", async () => {
    const large = document(16 * MIB + 5);
    const storageKey = await staged(app, caller, large, paper);
    const { hanging } = hangingStore();
    // Registered by a process whose queue hands the job out much later.
    const queue = { enqueue: async () => undefined };
    const { id: fileId } = await createRegister({ ...filesDeps(app), storage: hanging, queue })(caller, {
      storageKey,
    });
    await letTimePass(app);
    await sweep(app);
    await app.deps.queue.enqueue("file-verify", {
      fileId,
      stagingKey: `staging/${storageKey}`,
      sha256: null,
    });
    await vi.waitFor(
      async () => expect((await getFile(app, boss.token, fileId)).json.status).toBe("ready"),
      8000,
    );
    expect((await stream(app, boss.token, fileId)).bytes.equals(large)).toBe(true);
    await letTimePass(app);
    await sweep(app);
    await expectNothingLeftOver(app);
  });

  describe("the check of a large file", () => {
    const large = document(16 * MIB + 5);
    const idle = { enqueue: async () => undefined };

    /** Registered, and its job not handed out by the queue. */
    async function waiting() {
      const storageKey = await staged(app, caller, large, paper);
      const { id: fileId } = await createRegister({ ...filesDeps(app), queue: idle })(caller, { storageKey });
      return { fileId, job: { fileId, stagingKey: `staging/${storageKey}`, sha256: null } };
    }
    const verify = (
      job: { fileId: string; stagingKey: string; sha256: null },
      more: Partial<FilesDeps> = {},
    ) => createFileJobs({ ...filesDeps(app), ...more }).handlers["file-verify"](job);

    it("leaves nothing of one that was deleted before, or while it was copied", async () => {
      const before = await waiting();
      expect((await deleteFile(app, boss.token, before.fileId)).status).toBe(204);
      await verify(before.job);
      const meanwhile = await waiting();
      const { hanging, reached, go } = hangingStore();
      const check = verify(meanwhile.job, { storage: hanging });
      await reached;
      expect((await deleteFile(app, boss.token, meanwhile.fileId)).status).toBe(204);
      go();
      await check;
      await expectNothingLeftOver(app);
    });

    it("by two runs at once serves what was checked, whatever was uploaded after", async () => {
      const { fileId, job } = await waiting();
      // The upload stays where it is: no job removes it.
      const run = (over: Partial<StoragePort>) =>
        verify(job, { storage: { ...storage, ...over }, queue: idle });
      const [reading, begun] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const first = run({
        async read(key, range) {
          reading.resolve();
          await begun.promise;
          return storage.read(key, range);
        },
      });
      await reading.promise;
      const other = Buffer.from(large).fill(1, 9);
      await storage.put(job.stagingKey, other, { contentType: "application/pdf", size: other.length });
      const second = run({
        async head(key) {
          begun.resolve();
          return storage.head(key);
        },
        async copy(from, to) {
          await first;
          await storage.copy(from, to);
        },
      });
      await Promise.all([first, second]);
      expect((await getFile(app, boss.token, fileId)).json.status).toBe("ready");
      expect((await stream(app, boss.token, fileId)).bytes.equals(large)).toBe(true);
    });
  });
});
