import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type ClientRequest, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { deriveKeys } from "../../src/adapters/storage/disk.signing.ts";
import { createDiskStorage } from "../../src/adapters/storage/disk.ts";
import { createS3Storage } from "../../src/adapters/storage/s3.ts";
import { MIB, newKey, putRandom, TYPE } from "../storage/content.ts";
import { createTestBucket } from "../storage/s3.server.ts";
import { closed, open, startCrowd } from "./crowd.ts";

const total = 10;
/** More than sockets take in. */
const size = 24 * MIB;
const root = mkdtempSync(join(tmpdir(), "crowded-"));
const keys = deriveKeys(["a-key-for-tests-of-the-disk-driver"]);
const disk = await startCrowd(total, (publicUrl) => createDiskStorage({ root, publicUrl, keys: () => keys }));
const crowds: [string, typeof disk][] = [["disk", disk]];
const endpoint = process.env.S3_ENDPOINT;
if (endpoint !== undefined) {
  const { config, remove } = await createTestBucket(endpoint);
  crowds.push(["S3", await startCrowd(total, () => createS3Storage(config))]);
  afterAll(remove);
}
afterAll(async () => {
  for (const [, { stop }] of crowds) await stop();
  rmSync(root, { recursive: true });
});

describe.each(crowds)("when all streams are taken, from %s", (_, { url, storage, taken, warnings }) => {
  it("whoever has most gives up the oldest for somebody who has fewer", async () => {
    const { key } = await putRandom(storage, size);
    const readers = [];
    for (let i = 0; i < total; i++) readers.push(await open(`${url}/stream/${i % 2 ? "a" : "b"}/${key}`));
    const late = await open(`${url}/stream/c/${key}`);
    expect(taken().streams).toBe(total);
    expect(await late.toTheEnd()).toEqual({ bytes: size, whole: true });
    const ends = await Promise.all(readers.map((reader) => reader.toTheEnd()));
    expect(ends.map(({ whole }) => whole)).toEqual([false, ...Array(total - 1).fill(true)]);
    expect(ends[0]?.bytes).toBeLessThan(size);
    await vi.waitFor(() => expect(taken().streams).toBe(0), 15_000);
    expect(
      JSON.stringify(warnings, (_, value) => (value instanceof Error ? [value.message, value.cause] : value)),
    ).toMatch(/gave way to another/);
    expect(warnings.length).toBe(1);
  }, 30_000);

  it("nobody has to where all have alike: one more is 503 with Retry-After", async () => {
    const { key } = await putRandom(storage, size);
    const readers = [];
    for (let i = 0; i < total; i++)
      readers.push(await open(`${url}/stream/${i}/${key}`, from(`192.0.${i}.1`)));
    const answer = await fetch(`${url}/stream/x/${key}`, { headers: from("198.51.100.1") });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
    readers.pop()?.leave();
    await vi.waitFor(() => expect(taken().streams).toBe(total - 1), 15_000);
    readers.push(await open(`${url}/stream/x/${key}`, from("198.51.100.1")));
    expect(taken().streams).toBe(total);
    for (const reader of readers) reader.leave();
    await vi.waitFor(() => expect(taken().streams).toBe(0), 15_000);
  }, 30_000);
});

describe("when all uploads and downloads that the disk serves are taken", () => {
  const slow = from("192.0.2.1");
  const halfWritten = () => readdirSync(join(root, "tmp")).length;
  const signed = () => disk.storage.presignPut({ key: newKey(), contentType: TYPE, size, expiresIn: 60 });

  /** Sends the first byte, and no more. */
  async function begin(): Promise<ClientRequest> {
    const { url, headers } = await signed();
    const upload = request(url, {
      method: "PUT",
      headers: { ...headers, ...slow, "content-length": size },
      agent: false,
    });
    upload.on("error", () => undefined);
    upload.write("x");
    return upload;
  }

  async function put(more: Record<string, string>): Promise<Response> {
    const { url, headers } = await signed();
    return fetch(url, { method: "PUT", headers: { ...headers, ...more }, body: Buffer.alloc(size) });
  }

  it("slow uploads from one place keep out nobody elsewhere, and leave nothing behind", async () => {
    const uploads: ClientRequest[] = [];
    for (let i = 0; i < total; i++) {
      uploads.push(await begin());
      await vi.waitFor(() => expect(halfWritten()).toBe(i + 1), 15_000);
    }
    const refused = await put(slow);
    expect([refused.status, refused.headers.get("connection"), await refused.text()]).toEqual([
      503,
      "close",
      "unavailable",
    ]);
    const cut = Promise.race(uploads.map((upload, i) => closed(upload).then(() => i)));
    expect((await put(from("198.51.100.1"))).status).toBe(200);
    expect(await cut).toBe(0);
    await vi.waitFor(() => expect(halfWritten()).toBe(total - 1), 15_000);
    for (const upload of uploads) upload.destroy();
    await vi.waitFor(() => expect([halfWritten(), disk.taken().transfers]).toEqual([0, 0]), 15_000);
    expect((await put(slow)).status).toBe(200);
  }, 30_000);

  it("what is not signed has no place among them, and takes nobody's", async () => {
    const uploads: ClientRequest[] = [];
    for (let i = 0; i < total; i++) {
      uploads.push(await begin());
      await vi.waitFor(() => expect(halfWritten()).toBe(i + 1), 15_000);
    }
    const { url } = await signed();
    for (let i = 0; i < total; i++) {
      const forged = { url: url.replace(/signature=[^&]+/, "signature=x"), headers: from(`198.51.${i}.1`) };
      expect(await (await fetch(forged.url, forged)).text()).toBe("forbidden");
      expect(await (await fetch(forged.url, { ...forged, method: "PUT", body: "x" })).text()).toBe(
        "forbidden",
      );
    }
    expect(halfWritten()).toBe(total);
    for (const upload of uploads) upload.destroy();
    await vi.waitFor(() => expect([halfWritten(), disk.taken().transfers]).toEqual([0, 0]), 15_000);
  }, 30_000);

  it("slow downloads do not keep out anybody either", async () => {
    const { key } = await putRandom(disk.storage, size);
    const how = { key, contentType: TYPE, contentDisposition: "attachment", expiresIn: 60 };
    const { url } = await disk.storage.presignGet(how);
    const readers = [];
    for (let i = 0; i < total; i++) readers.push(await open(url, slow));
    expect((await fetch(url, { headers: slow })).status).toBe(503);
    const served = await fetch(url, { headers: from("2001:db8::1") });
    expect([served.status, (await served.arrayBuffer()).byteLength]).toEqual([200, size]);
    const ends = await Promise.all(readers.map((reader) => reader.toTheEnd()));
    expect(ends.map(({ whole }) => whole)).toEqual([false, ...Array(total - 1).fill(true)]);
    await vi.waitFor(() => expect(disk.taken().transfers).toBe(0), 15_000);
  }, 30_000);
});

function from(ip: string): Record<string, string> {
  return { "x-forwarded-for": ip };
}
