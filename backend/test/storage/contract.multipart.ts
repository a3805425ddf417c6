import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ListedMultipart, StoragePort } from "../../src/adapters/storage/port.ts";
import { MIB, newKey, readBytes, TYPE } from "./content.ts";
import { send, tampered } from "./request.ts";

/** S3's least size of a part that is not the last. */
const PART = 5 * MIB;

export function describeMultipart(storage: () => StoragePort): void {
  const presign = (key: string, uploadId: string, partNumber: number, size: number) =>
    storage().presignPart({ key, uploadId, partNumber, size, expiresIn: 600 });

  async function upload(key: string, uploadId: string, partNumber: number, body: Buffer): Promise<string> {
    const { url, headers } = await presign(key, uploadId, partNumber, body.length);
    const answer = await send(url, { method: "PUT", headers, body });
    expect(answer.status).toBe(200);
    return String(answer.headers.etag);
  }

  async function started(): Promise<{ key: string; uploadId: string }> {
    const key = newKey();
    return { key, uploadId: await storage().startMultipart(key, TYPE) };
  }

  describe("uploads in parts", () => {
    it("joins the parts, also after a pause, and shows nothing before", async () => {
      const { key, uploadId } = await started();
      const [first, last] = [randomBytes(PART), randomBytes(1234)];
      await upload(key, uploadId, 2, last);
      expect(await storage().head(key)).toBeNull();
      expect(await storage().listParts(key, uploadId)).toMatchObject([{ partNumber: 2, size: 1234 }]);
      const etag = await upload(key, uploadId, 1, first);
      const parts = await storage().listParts(key, uploadId);
      expect(parts).toMatchObject([
        { partNumber: 1, size: PART, etag },
        { partNumber: 2, size: 1234 },
      ]);
      await storage().completeMultipart(key, uploadId, parts);
      expect((await readBytes(storage(), key))?.equals(Buffer.concat([first, last]))).toBe(true);
      const again = storage().listParts(key, uploadId);
      await expect(again).rejects.toMatchObject({ code: "not_found" });
    });

    it("takes the latest upload of a part", async () => {
      const { key, uploadId } = await started();
      await upload(key, uploadId, 1, Buffer.from("first try"));
      const etag = await upload(key, uploadId, 1, Buffer.from("second"));
      await storage().completeMultipart(key, uploadId, [{ partNumber: 1, etag }]);
      expect(String(await readBytes(storage(), key))).toBe("second");
    });

    it("refuses parts of another size, and part URLs with anything changed", async () => {
      const { key, uploadId } = await started();
      const { url, headers } = await presign(key, uploadId, 1, 100);
      expect(url).not.toMatch(/checksum/i);
      for (const size of [99, 101]) {
        const { status } = await send(url, { method: "PUT", headers, body: randomBytes(size) });
        expect(status).toBeGreaterThanOrEqual(400);
      }
      for (const attack of tampered(url)) {
        const { status } = await send(attack.url, { method: "PUT", headers, body: randomBytes(100) });
        expect(status, attack.change).toBeGreaterThanOrEqual(400);
      }
      expect(await storage().listParts(key, uploadId)).toEqual([]);
    });

    it("completes with nothing but the parts that are there, in order", async () => {
      const { key, uploadId } = await started();
      const etag = await upload(key, uploadId, 1, randomBytes(PART));
      const second = await upload(key, uploadId, 2, randomBytes(10));
      const wrong = [
        [],
        [{ partNumber: 1, etag: '"0123456789abcdef0123456789abcdef"' }],
        [{ partNumber: 3, etag }],
        [
          { partNumber: 2, etag: second },
          { partNumber: 1, etag },
        ],
      ];
      for (const parts of wrong) {
        const completed = storage().completeMultipart(key, uploadId, parts);
        await expect(completed).rejects.toMatchObject({ code: "validation_failed" });
      }
      expect(await storage().head(key)).toBeNull();
    });

    it("forgets an aborted upload, and takes no more parts", async () => {
      const { key, uploadId } = await started();
      await upload(key, uploadId, 1, randomBytes(100));
      const { url, headers } = await presign(key, uploadId, 2, 100);
      await storage().abortMultipart(key, uploadId);
      await storage().abortMultipart(key, uploadId);
      expect((await send(url, { method: "PUT", headers, body: randomBytes(100) })).status).toBe(404);
      const parts = storage().listParts(key, uploadId);
      await expect(parts).rejects.toMatchObject({ code: "not_found" });
      const completed = storage().completeMultipart(key, uploadId, [{ partNumber: 1, etag: '"x"' }]);
      await expect(completed).rejects.toMatchObject({ code: "not_found" });
      expect(await storage().head(key)).toBeNull();
    });

    it("lists what was neither completed nor aborted, below a prefix", async () => {
      const top = `staging/${randomUUID()}`;
      const listed = async (prefix: string) => {
        const found: ListedMultipart[] = [];
        for await (const one of storage().listMultiparts(prefix)) found.push(one);
        return found;
      };
      const [a, b, c, d] = ["a/1", "a/2", "b/1", "b/2"].map((name) => `${top}/${name}`) as [
        string,
        string,
        string,
        string,
      ];
      const ids = await Promise.all([a, b, c, d, a].map((key) => storage().startMultipart(key, TYPE)));
      const pairs = (found: ListedMultipart[]) =>
        found.map(({ key, uploadId }) => `${key} ${uploadId}`).sort();
      const all = [a, b, c, d, a].map((key, i) => `${key} ${ids[i]}`).sort();
      const found = await listed(`${top}/`);
      expect(pairs(found)).toEqual(all);
      for (const { initiatedAt } of found)
        expect(Math.abs(Date.now() - initiatedAt.getTime())).toBeLessThan(60_000);
      expect(pairs(await listed(`${top}/a/`))).toEqual(all.filter((pair) => pair.startsWith(`${top}/a/`)));
      await storage().abortMultipart(b, String(ids[1]));
      await upload(c, String(ids[2]), 1, Buffer.from("x"));
      await storage().completeMultipart(c, String(ids[2]), await storage().listParts(c, String(ids[2])));
      const open = [a, d, a].map((key, i) => `${key} ${ids[[0, 3, 4][i] ?? 0]}`);
      expect(pairs(await listed(`${top}/`))).toEqual(open.sort());
      expect(await listed(`${randomUUID()}/`)).toEqual([]);
    });

    it("lists more than a page of them", async () => {
      const top = `staging/${randomUUID()}`;
      const keys = Array.from({ length: 1005 }, (_, index) => `${top}/${String(index).padStart(4, "0")}`);
      const queue = [...keys];
      const startRest = async () => {
        for (let key = queue.pop(); key !== undefined; key = queue.pop())
          await storage().startMultipart(key, TYPE);
      };
      await Promise.all(Array.from({ length: 20 }, startRest));
      const found: ListedMultipart[] = [];
      for await (const one of storage().listMultiparts(`${top}/`)) found.push(one);
      expect(found.map(({ key }) => key).sort()).toEqual(keys);
      await Promise.all(found.map(({ key, uploadId }) => storage().abortMultipart(key, uploadId)));
    }, 60_000);

    it("knows an upload only together with its key", async () => {
      const { uploadId } = await started();
      for (const id of [uploadId, randomUUID()]) {
        await expect(storage().listParts(newKey(), id)).rejects.toMatchObject({ code: "not_found" });
      }
    });
  });
}
