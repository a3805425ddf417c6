import { afterEach, describe, expect, it, vi } from "vitest";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import { newKey, putBytes, putRandom } from "./content.ts";
import { send, tampered } from "./request.ts";

const DISPOSITION = `attachment; filename="caf_.pdf"; filename*=UTF-8''caf%C3%A9.pdf`;

export function describeDownloads(storage: () => StoragePort): void {
  const presign = (key: string) =>
    storage().presignGet({
      key,
      contentType: "application/pdf",
      contentDisposition: DISPOSITION,
      expiresIn: 300,
    });

  describe("signed downloads", () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    it("serves the bytes with the signed type and disposition, whatever was uploaded", async () => {
      const { key, bytes } = await putRandom(storage(), 5000);
      const { url, expiresAt } = await presign(key);
      expect(Math.abs(expiresAt.getTime() - Date.now() - 300_000)).toBeLessThan(2_000);
      const answer = await send(url);
      expect(answer).toMatchObject({ status: 200, body: bytes });
      expect(answer.headers).toMatchObject({
        "content-type": "application/pdf",
        "content-disposition": DISPOSITION,
        "content-length": "5000",
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        etag: (await storage().head(key))?.etag,
      });
    });

    it("serves a range, and refuses one behind the end", async () => {
      const { key, bytes } = await putRandom(storage(), 100);
      const { url } = await presign(key);
      const part = await send(url, { headers: { range: "bytes=10-19" } });
      expect(part).toMatchObject({ status: 206, body: bytes.subarray(10, 20) });
      expect(part.headers["content-range"]).toBe("bytes 10-19/100");
      expect((await send(url, { headers: { range: "bytes=100-" } })).status).toBe(416);
    });

    it("answers 304 to whoever has this version", async () => {
      const { key } = await putRandom(storage(), 100);
      const { url } = await presign(key);
      const etag = String((await send(url)).headers.etag);
      expect(await send(url, { headers: { "if-none-match": etag } })).toMatchObject({
        status: 304,
        body: Buffer.alloc(0),
      });
      expect((await send(url, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
    });

    it("answers 404 when there is no such object", async () => {
      const { url } = await presign(newKey());
      expect((await send(url)).status).toBe(404);
    });

    it("refuses a URL with any part changed or left out, and none at all", async () => {
      const { key, bytes } = await putRandom(storage(), 100);
      const { url } = await presign(key);
      const unsigned = { change: "unsigned", url: url.slice(0, url.indexOf("?")) };
      for (const attack of [...tampered(url), unsigned]) {
        const answer = await send(attack.url);
        expect(answer.status, attack.change).toBeGreaterThanOrEqual(400);
        expect(answer.body.includes(bytes), attack.change).toBe(false);
      }
    });

    it("refuses an expired URL", async () => {
      const { key } = await putRandom(storage(), 100);
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 301_000 });
      const { url } = await presign(key);
      vi.useRealTimers();
      expect((await send(url)).status).toBe(403);
    });

    it("refuses to write or delete by a download URL", async () => {
      const key = newKey();
      await putBytes(storage(), key, "original");
      const { url } = await presign(key);
      for (const method of ["PUT", "DELETE", "POST"]) {
        const { status } = await send(url, { method, body: Buffer.from("replaced") });
        expect(status, method).toBeGreaterThanOrEqual(400);
      }
      expect(String((await send(url)).body)).toBe("original");
    });
  });
}
