import { mkdtemp, open, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listAll, MIB, newKey, putBytes, readBytes, TYPE } from "./content.ts";
import { type DiskServer, startDiskServer } from "./disk.server.ts";
import { send } from "./request.ts";

let root: string;
let server: DiskServer;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "full-"));
  server = await startDiskServer(root);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.stop();
  await rm(root, { recursive: true });
});

/** From now on the disk is full when a file is to be written or flushed. */
async function fillUp(method: "appendFile" | "sync" | "writeFile"): Promise<void> {
  const handle = await open(root, "r");
  vi.spyOn(Object.getPrototypeOf(handle), method).mockRejectedValue(
    Object.assign(new Error("no space left"), { code: "ENOSPC" }),
  );
  await handle.close();
}

const leftovers = async () => [
  ...(await readdir(join(root, "tmp"))),
  ...(await readdir(join(root, "multipart"))),
];
const full = { name: "AppError", code: "unavailable", retryAfter: 5 };

describe("a disk that is full", () => {
  it.each(["appendFile", "sync"] as const)(
    "refuses uploads with 503, keeps nothing of them and loses nothing (%s)",
    async (method) => {
      const { storage } = server;
      const key = newKey();
      const bytes = await putBytes(storage, key, "what was there before");
      const size = 3 * MIB;
      const upload = await storage.presignPut({ key, contentType: TYPE, size, expiresIn: 60 });
      const uploadId = await storage.startMultipart(key, TYPE);
      const part = await storage.presignPart({ key, uploadId, partNumber: 1, size, expiresIn: 60 });
      await fillUp(method);
      for (const { url, headers } of [upload, part])
        expect(await send(url, { method: "PUT", headers, body: Buffer.alloc(size) })).toMatchObject({
          status: 503,
          body: Buffer.from("unavailable"),
        });
      await expect(putBytes(storage, key, "x")).rejects.toMatchObject(full);
      expect(await readdir(join(root, "tmp"))).toEqual([]);
      expect(await storage.listParts(key, uploadId)).toEqual([]);
      expect(await readBytes(storage, key)).toEqual(bytes);

      vi.restoreAllMocks();
      const again = await send(upload.url, {
        method: "PUT",
        headers: upload.headers,
        body: Buffer.alloc(size),
      });
      expect(again.status).toBe(200);
    },
  );

  it("refuses to copy and to join parts, and keeps what is there", async () => {
    const { storage } = server;
    const key = newKey();
    const uploadId = await storage.startMultipart(key, TYPE);
    const part = await storage.presignPart({ key, uploadId, partNumber: 1, size: 3, expiresIn: 60 });
    await send(part.url, { method: "PUT", headers: part.headers, body: Buffer.from("abc") });
    const parts = await storage.listParts(key, uploadId);
    const source = newKey();
    await putBytes(storage, source, "abc");
    await fillUp("sync");
    await expect(storage.copy(source, newKey())).rejects.toMatchObject(full);
    await expect(storage.completeMultipart(key, uploadId, parts)).rejects.toMatchObject(full);
    expect(await readdir(join(root, "tmp"))).toEqual([]);
    expect((await listAll(storage, "")).map((object) => object.key)).toEqual([source]);
    vi.restoreAllMocks();
    await storage.completeMultipart(key, uploadId, parts);
    expect(String(await readBytes(storage, key))).toBe("abc");
    expect(await leftovers()).toEqual([]);
  });

  it("begins no upload in parts that nobody would find again", async () => {
    await fillUp("writeFile");
    await expect(server.storage.startMultipart(newKey(), TYPE)).rejects.toMatchObject(full);
    expect(await leftovers()).toEqual([]);
  });
});
