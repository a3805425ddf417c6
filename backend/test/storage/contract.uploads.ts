import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import { listAll, MIB, newKey, putBytes, readBytes, TYPE } from "./content.ts";
import { send, tampered } from "./request.ts";

const SIZE = 1000;

export function describeUploads(storage: () => StoragePort): void {
  const presign = (key: string, size = SIZE) =>
    storage().presignPut({ key, contentType: TYPE, size, expiresIn: 600 });

  describe("signed uploads", () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    it.each([1, SIZE, 6 * MIB])("takes %i bytes with nothing but the headers it names", async (size) => {
      const key = newKey();
      const bytes = randomBytes(size);
      const { url, headers, expiresAt } = await presign(key, size);
      expect(url).not.toMatch(/checksum/i);
      expect(Object.keys(headers)).toEqual(["content-type"]);
      expect(Math.abs(expiresAt.getTime() - Date.now() - 600_000)).toBeLessThan(2_000);
      const answer = await send(url, { method: "PUT", headers, body: bytes });
      expect(answer.status).toBe(200);
      expect(answer.headers.etag).toBe((await storage().head(key))?.etag);
      expect((await readBytes(storage(), key))?.equals(bytes)).toBe(true);
    });

    it("takes an upload from fetch, as browsers send it", async () => {
      const key = newKey();
      const { url, headers } = await presign(key);
      const body = new Blob([randomBytes(SIZE)], { type: TYPE });
      expect((await fetch(url, { method: "PUT", headers, body })).status).toBe(200);
      expect((await storage().head(key))?.size).toBe(SIZE);
    });

    it.each([
      ["another type", { "content-type": "text/html" }, SIZE],
      ["a type with a parameter", { "content-type": `${TYPE}; charset=utf-8` }, SIZE],
      ["no type", {}, SIZE],
      ["a longer body", { "content-type": TYPE }, SIZE + 1],
      ["a shorter body", { "content-type": TYPE }, SIZE - 1],
      ["an empty body", { "content-type": TYPE }, 0],
      ["no length", { "content-type": TYPE, "transfer-encoding": "chunked" }, SIZE],
    ])("refuses %s, and stores nothing", async (_, headers, size) => {
      const key = newKey();
      const { url } = await presign(key);
      const answer = await send(url, { method: "PUT", headers, body: randomBytes(size) });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(await storage().head(key)).toBeNull();
    });

    it("refuses an expired URL, and stores nothing", async () => {
      const key = newKey();
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 601_000 });
      const { url, headers } = await presign(key);
      vi.useRealTimers();
      expect((await send(url, { method: "PUT", headers, body: randomBytes(SIZE) })).status).toBe(403);
      expect(await storage().head(key)).toBeNull();
    });

    it("refuses a URL with any part changed or left out, and stores nothing", async () => {
      const key = newKey();
      const { url, headers } = await presign(key);
      const before = await keysOf(storage());
      for (const attack of tampered(url)) {
        const { status } = await send(attack.url, { method: "PUT", headers, body: randomBytes(SIZE) });
        expect(status, attack.change).toBeGreaterThanOrEqual(400);
        expect(status, attack.change).toBeLessThan(500);
      }
      expect(await keysOf(storage())).toEqual(before);
    });

    it("refuses any other method on an upload URL", async () => {
      const key = newKey();
      const bytes = await putBytes(storage(), key, randomBytes(SIZE));
      const { url, headers } = await presign(key);
      for (const method of ["GET", "HEAD", "DELETE", "POST"]) {
        const answer = await send(url, { method, headers });
        expect(answer.status, method).toBeGreaterThanOrEqual(400);
        expect(answer.body.includes(bytes), method).toBe(false);
      }
      expect(await readBytes(storage(), key)).toEqual(bytes);
    });
  });
}

async function keysOf(storage: StoragePort): Promise<string[]> {
  return (await listAll(storage, "staging/")).map(({ key }) => key);
}
