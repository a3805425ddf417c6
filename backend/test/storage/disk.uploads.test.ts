import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { mapFaults } from "../../src/adapters/storage/disk.faults.ts";
import { prepareFolders } from "../../src/adapters/storage/disk.folders.ts";
import { createDiskHandler } from "../../src/adapters/storage/disk.http.ts";
import { createDiskMultipart } from "../../src/adapters/storage/disk.multipart.ts";
import { createDiskObjects } from "../../src/adapters/storage/disk.objects.ts";
import { createSigner, deriveKeys } from "../../src/adapters/storage/disk.signing.ts";
import { AppError } from "../../src/errors.ts";
import { MIB, newKey, putBytes, TYPE } from "./content.ts";
import { startDiskServer } from "./disk.server.ts";
import { send } from "./request.ts";

let root: string;
const undo: (() => unknown)[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "storage-"));
});
afterEach(async () => {
  vi.useRealTimers();
  for (const step of undo.splice(0)) await step();
  await rm(root, { recursive: true });
});

function fault(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe("an upload to disk", () => {
  it("may end after its URL has expired, but not begin again", async () => {
    const server = await startDiskServer(root);
    undo.push(server.stop);
    const key = newKey();
    const { url, headers } = await server.storage.presignPut({
      key,
      contentType: TYPE,
      size: 6,
      expiresIn: 60,
    });
    const upload = request(url, {
      method: "PUT",
      headers: { ...headers, "content-length": 6 },
      agent: false,
    });
    upload.write("123");
    await vi.waitFor(async () => expect(await readdir(join(root, "tmp"))).toHaveLength(1), 10_000);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
    upload.end("456");
    const [response] = await once(upload, "response");
    expect(response.statusCode).toBe(200);
    expect((await server.storage.head(key))?.size).toBe(6);
    expect((await send(url, { method: "PUT", headers, body: Buffer.from("123456") })).status).toBe(403);
  });

  it.each(["one piece", "a part"])(
    "in %s ends an earlier one by the same URL that still sends",
    async (kind) => {
      const server = await startDiskServer(root);
      undo.push(server.stop);
      const { storage } = server;
      const key = newKey();
      const uploadId = await storage.startMultipart(key, TYPE);
      const place = { key, size: 6, expiresIn: 60 };
      const { url, headers } =
        kind === "a part"
          ? await storage.presignPart({ ...place, uploadId, partNumber: 1 })
          : await storage.presignPut({ ...place, contentType: TYPE });
      const begin = () => {
        const upload = request(url, {
          method: "PUT",
          headers: { ...headers, "content-length": 6 },
          agent: false,
        });
        upload.on("error", () => undefined);
        const cut = new Promise<void>((resolve) => upload.once("close", resolve));
        upload.write("123");
        return { upload, cut };
      };
      const oneTemporary = () =>
        vi.waitFor(async () => expect(await readdir(join(root, "tmp"))).toHaveLength(1), 15_000);
      const first = begin();
      await oneTemporary();
      const second = begin();
      await first.cut;
      await oneTemporary();
      second.upload.end("456");
      const [response] = await once(second.upload, "response");
      expect(response.statusCode).toBe(200);
      expect(await readdir(join(root, "tmp"))).toEqual([]);
    },
    20_000,
  );

  it("answers a client that still sends, when the disk fills up in the middle", async () => {
    const folders = prepareFolders(root);
    const signer = createSigner({ publicUrl: "", keys: () => deriveKeys(["k"]) });
    const objects = createDiskObjects(folders);
    const handle = createDiskHandler({
      signer,
      multipart: createDiskMultipart(folders),
      objects: {
        ...objects,
        async put(_key, body) {
          for await (const _chunk of body) throw fault("ENOSPC");
          throw new Error("The body is empty.");
        },
      },
    });
    const server = createServer((incoming, response) => {
      handle(incoming, response).catch((error: AppError) => response.writeHead(503).end(error.code));
    });
    undo.push(() => server.close());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const fields = { type: TYPE, size: String(20 * MIB) };
    const { url } = signer.sign({ purpose: "put", key: newKey(), fields }, 60);
    const answer = await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}${url}`, {
      method: "PUT",
      headers: { "content-type": TYPE },
      body: Buffer.alloc(20 * MIB),
    });
    expect(answer).toMatchObject({ status: 503, body: Buffer.from("unavailable") });
  });
});

describe("faults of a disk", () => {
  it.each(["ENOSPC", "EDQUOT", "EROFS", "EIO", "EACCES", "EMFILE"])("%s is unavailable", async (code) => {
    await expect(mapFaults(Promise.reject(fault(code)))).rejects.toMatchObject({ code: "unavailable" });
  });

  it.each(["ECONNRESET", "EISDIR"])("%s is no fault of the disk and passes", async (code) => {
    await expect(mapFaults(Promise.reject(fault(code)))).rejects.not.toBeInstanceOf(AppError);
  });

  it("a folder that is gone is unavailable", async () => {
    const server = await startDiskServer(root);
    undo.push(server.stop);
    await putBytes(server.storage, "a", "x");
    await rm(join(root, "tmp"), { recursive: true });
    const { storage } = server;
    for (const call of [
      () => storage.check(),
      () => storage.copy("a", "b"),
      () => putBytes(storage, "b", "x"),
    ]) {
      await expect(call()).rejects.toMatchObject({ name: "AppError", code: "unavailable" });
    }
  });
});
