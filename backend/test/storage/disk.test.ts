import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deriveKeys } from "../../src/adapters/storage/disk.signing.ts";
import { createDiskStorage } from "../../src/adapters/storage/disk.ts";
import { listAll, MIB, newKey, putBytes, TYPE } from "./content.ts";
import { describeStorage } from "./contract.ts";
import { type DiskServer, startDiskServer } from "./disk.server.ts";
import { type Answer, send } from "./request.ts";

async function startOnNewFolder(): Promise<DiskServer & { root: string }> {
  const root = await mkdtemp(join(tmpdir(), "storage-"));
  const server = await startDiskServer(root);
  return {
    ...server,
    root,
    async stop() {
      await server.stop();
      await rm(root, { recursive: true });
    },
  };
}

describeStorage("disk", startOnNewFolder);

describe("the disk store", () => {
  let server: Awaited<ReturnType<typeof startOnNewFolder>>;

  beforeAll(async () => {
    server = await startOnNewFolder();
  });
  afterAll(() => server.stop());

  const presignPut = async (size: number, key = newKey()) =>
    (await server.storage.presignPut({ key, contentType: TYPE, size, expiresIn: 60 })).url;

  async function stored(
    text: string,
  ): Promise<(headers?: Record<string, string>, method?: string) => Promise<Answer>> {
    const key = newKey();
    await putBytes(server.storage, key, text);
    const input = { key, contentType: "image/png", contentDisposition: "inline", expiresIn: 60 };
    const { url } = await server.storage.presignGet(input);
    return (headers = {}, method = "GET") => send(url, { method, headers });
  }

  it.each([
    ["another type", { "content-type": "text/html" }, 10, 415, "unsupported_media_type"],
    ["a longer body", { "content-type": TYPE }, 11, 413, "payload_too_large"],
    ["a shorter body", { "content-type": TYPE }, 9, 400, "validation_failed"],
    ["no length", { "content-type": TYPE, "transfer-encoding": "chunked" }, 10, 400, "validation_failed"],
  ])("says what is wrong with an upload: %s", async (_, headers, size, status, code) => {
    const answer = await send(await presignPut(10), { method: "PUT", headers, body: Buffer.alloc(size) });
    expect(answer).toMatchObject({ status, body: Buffer.from(code) });
    expect(answer.headers["x-set-by-app"]).toBe("yes");
  });

  it("lets a client that sends a large body first read why it was refused", async () => {
    const url = (await presignPut(20 * MIB)).replace(/signature=.{3}/, "signature=AAA");
    const answer = await send(url, {
      method: "PUT",
      headers: { "content-type": TYPE },
      body: Buffer.alloc(20 * MIB),
    });
    expect(answer).toMatchObject({ status: 403, body: Buffer.from("forbidden") });
  });

  it.each([
    "/storage/../../etc/passwd",
    "/storage/%2e%2e/%2e%2e/etc/passwd",
    "/storage/..%2f..%2fetc%2fpasswd",
    "/storage//etc/passwd",
    "/storage/staging/a\\..\\b",
    "/storage/",
    "/storage",
    "/etc/passwd",
  ])("gives nothing for a path that no key makes: %s", async (path) => {
    const { search } = new URL(await presignPut(5));
    for (const method of ["GET", "PUT"]) {
      const body = method === "PUT" ? Buffer.from("12345") : Buffer.alloc(0);
      const answer = await send(server.origin + path + search, {
        method,
        headers: { "content-type": TYPE },
        body,
      });
      expect(answer).toMatchObject({ status: 403, body: Buffer.from("forbidden") });
    }
  });

  it("refuses a URL with a parameter twice, or one that was not signed", async () => {
    const url = await presignPut(5);
    const headers = { "content-type": TYPE };
    for (const extra of ["size=6", "part=1", "x=1", "signature=x"]) {
      const answer = await send(`${url}&${extra}`, { method: "PUT", headers, body: Buffer.from("12345") });
      expect(answer.status, extra).toBe(403);
    }
  });

  it("refuses URLs signed with another key", async () => {
    const foreign = createDiskStorage({
      root: server.root,
      publicUrl: server.origin,
      keys: () => deriveKeys(["another"]),
    });
    const input = { key: newKey(), contentType: TYPE, size: 1, expiresIn: 60 };
    const { url, headers } = await foreign.presignPut(input);
    expect((await send(url, { method: "PUT", headers, body: Buffer.from("x") })).status).toBe(403);
  });

  it("serves files so that no browser runs them, and keeps the headers of the app", async () => {
    const get = await stored("<script>alert(1)</script>");
    expect((await get()).headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox; default-src 'none'",
      "cross-origin-resource-policy": "cross-origin",
      "x-set-by-app": "yes",
    });
  });

  it("answers HEAD like GET, without the bytes", async () => {
    const get = await stored("0123456789");
    const [whole, head] = [await get(), await get({}, "HEAD")];
    const { date: _, ...headers } = whole.headers;
    expect(head).toMatchObject({ status: 200, body: Buffer.alloc(0), headers });
    expect(await get({ range: "bytes=2-3" }, "HEAD")).toMatchObject({
      status: 206,
      headers: { "content-length": "2", "content-range": "bytes 2-3/10" },
    });
  });

  it.each([
    ["bytes=0-0", 206, "0"],
    ["bytes=7-", 206, "789"],
    ["bytes=-3", 206, "789"],
    ["bytes=-30", 206, "0123456789"],
    ["bytes=8-99", 206, "89"],
    ["bytes=10-", 416, "range_not_satisfiable"],
    ["bytes=-0", 416, "range_not_satisfiable"],
    ["bytes=3-2", 200, "0123456789"],
    ["bytes=0-1,4-5", 200, "0123456789"],
    ["bytes=-", 200, "0123456789"],
    ["lines=1-2", 200, "0123456789"],
  ])("answers Range: %s with %i", async (range, status, text) => {
    const get = await stored("0123456789");
    const answer = await get({ range });
    expect(answer).toMatchObject({ status, body: Buffer.from(text) });
    if (status === 416) expect(answer.headers["content-range"]).toBe("bytes */10");
  });

  it("serves an empty file, of which no range can be had", async () => {
    const get = await stored("");
    expect(await get()).toMatchObject({ status: 200, headers: { "content-length": "0" } });
    expect((await get({ range: "bytes=0-" })).status).toBe(416);
  });

  it("heeds If-None-Match lists and If-Range", async () => {
    const get = await stored("0123456789");
    const etag = String((await get()).headers.etag);
    expect(await get({ "if-none-match": `"x", W/${etag}` })).toMatchObject({
      status: 304,
      headers: { etag },
    });
    expect((await get({ "if-none-match": "*" })).status).toBe(304);
    expect((await get({ range: "bytes=0-1", "if-range": etag })).status).toBe(206);
    expect((await get({ range: "bytes=0-1", "if-range": '"x"' })).status).toBe(200);
  });

  it("keeps files to its own user, lists no others, and leaves no folder empty", async () => {
    const key = `objects/modes/x`;
    await putBytes(server.storage, key, "x");
    const path = join(server.root, "objects", "objects", "modes");
    expect((await stat(join(path, "x="))).mode & 0o777).toBe(0o600);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    await writeFile(join(path, "not an object"), "from someone else");
    expect(await listAll(server.storage, "objects/modes/")).toMatchObject([{ key }]);
    await rm(join(path, "not an object"));
    await server.storage.delete(key);
    expect(await readdir(join(server.root, "objects"))).not.toContain("objects");
  });

  it("never loses a put to the clean-up of an emptied folder", async () => {
    const folder = "objects/busy";
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        await putBytes(server.storage, `${folder}/${index}`, "x");
        if (index % 3 > 0) await server.storage.delete(`${folder}/${index}`);
      }),
    );
    expect(await listAll(server.storage, `${folder}/`)).toHaveLength(20);
  });

  it("goes on with a download of what is deleted meanwhile", async () => {
    const key = newKey();
    await putBytes(server.storage, key, Buffer.alloc(3 * MIB, 7));
    const stream = await server.storage.read(key);
    await server.storage.delete(key);
    let size = 0;
    for await (const chunk of stream ?? []) size += chunk.length;
    expect(size).toBe(3 * MIB);
  });
});
