import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { Readable, Writable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import { listAll, MIB, newKey, putBytes, putRandom, readBytes, slowReader, TYPE } from "./content.ts";

const ESCAPES = [
  "",
  "/",
  "/etc/passwd",
  "..",
  "../x",
  "a/../b",
  "a/..",
  "a//b",
  "a/",
  "./a",
  ".a",
  "a/.b",
  "a\\b",
  "a\0b",
];

export function describeObjects(storage: () => StoragePort): void {
  describe("objects", () => {
    it("answers a check", async () => {
      await expect(storage().check()).resolves.toBeUndefined();
    });

    it.each([0, 1, 70_000, 5 * MIB])(
      "gives back %i bytes as they were put, from memory and from a stream",
      async (size) => {
        const bytes = randomBytes(size);
        const keys = [newKey(), newKey()] as const;
        await storage().put(keys[0], bytes, { contentType: TYPE, size });
        const chunks = Readable.from([bytes.subarray(0, 10), bytes.subarray(10)], { objectMode: false });
        await storage().put(keys[1], chunks, { contentType: TYPE, size });
        for (const key of keys) {
          expect((await readBytes(storage(), key))?.equals(bytes)).toBe(true);
          const head = await storage().head(key);
          expect(head).toMatchObject({ size, etag: expect.stringMatching(/^".+"$/) });
          expect(Math.abs(Date.now() - (head?.lastModified.getTime() ?? 0))).toBeLessThan(60_000);
        }
      },
    );

    it("answers null for what is not there", async () => {
      const key = newKey();
      expect(await storage().head(key)).toBeNull();
      expect(await storage().read(key)).toBeNull();
      expect(await storage().read(key, { start: 0, end: 1 })).toBeNull();
    });

    it.each([
      { body: 99, size: 100 },
      { body: 101, size: 100 },
      { body: 5 * MIB - 1, size: 5 * MIB },
      { body: 5 * MIB + 1, size: 5 * MIB },
    ])("refuses $body bytes announced as $size, and stores nothing", async ({ body, size }) => {
      const key = newKey();
      for (const source of [randomBytes(body), Readable.from([randomBytes(body)], { objectMode: false })]) {
        const put = storage().put(key, source, { contentType: TYPE, size });
        await expect(put).rejects.toMatchObject({ name: "AppError", code: "validation_failed" });
        expect(await storage().head(key)).toBeNull();
      }
    });

    it.each([100, 6 * MIB])(
      "passes on the failure of a source of %i bytes, and stores nothing",
      async (size) => {
        const key = newKey();
        const failing = Readable.from(
          (async function* () {
            yield randomBytes(size - 1);
            throw new Error("source broke");
          })(),
        );
        await expect(storage().put(key, failing, { contentType: TYPE, size })).rejects.toThrow(
          "source broke",
        );
        expect(await storage().head(key)).toBeNull();
      },
    );

    it("replaces an object whole, with another ETag", async () => {
      const { key } = await putRandom(storage(), 1000);
      const before = await storage().head(key);
      await putBytes(storage(), key, "short");
      expect(String(await readBytes(storage(), key))).toBe("short");
      expect((await storage().head(key))?.etag).not.toBe(before?.etag);
    });

    it("keeps one whole object of 20 that are put to one key at once", async () => {
      const key = newKey();
      const bodies = Array.from({ length: 20 }, (_, index) => Buffer.alloc(50_000 + index, index));
      await Promise.all(bodies.map((body) => putBytes(storage(), key, body)));
      const stored = await readBytes(storage(), key);
      expect(bodies.some((body) => stored?.equals(body))).toBe(true);
    });

    it("reads byte ranges, cut at the end, and refuses one behind the end", async () => {
      const { key, bytes } = await putRandom(storage(), 100);
      expect(await readBytes(storage(), key, { start: 10, end: 19 })).toEqual(bytes.subarray(10, 20));
      expect(await readBytes(storage(), key, { start: 90, end: 900 })).toEqual(bytes.subarray(90));
      const behind = storage().read(key, { start: 100, end: 200 });
      await expect(behind).rejects.toMatchObject({ code: "range_not_satisfiable" });
    });

    it("lets a read be stopped early", async () => {
      const { key } = await putRandom(storage(), 8 * MIB);
      const stream = await storage().read(key);
      await once(stream as Readable, "readable");
      stream?.destroy();
      await once(stream as Readable, "close");
      expect((await storage().head(key))?.size).toBe(8 * MIB);
    });

    it("sends all of it to a reader who is slower than the store", async () => {
      const { key, bytes } = await putRandom(storage(), 12 * MIB);
      const stream = await storage().read(key);
      const { into, received } = slowReader(2, 20);
      await stream?.sendTo?.(into);
      expect(Buffer.concat(received).equals(bytes)).toBe(true);
    });

    it("lets the sending of one be stopped, though nobody takes the bytes", async () => {
      const { key } = await putRandom(storage(), 24 * MIB);
      const stream = await storage().read(key);
      if (!stream?.sendTo) throw new Error("There is nothing to send.");
      stream.on("error", () => undefined);
      const stuck = new Writable({ highWaterMark: 1, write: () => undefined });
      const sent = stream.sendTo(stuck);
      setImmediate(() => stream.destroy(new Error("enough")));
      await expect(sent).rejects.toThrow("enough");
      expect([stuck.destroyed, stuck.writableFinished]).toEqual([true, false]);
    });

    it("copies, leaving the source, and refuses to copy what is missing", async () => {
      const { key, bytes } = await putRandom(storage(), 5000);
      const copy = `objects/${randomUUID()}/${randomUUID()}`;
      await storage().copy(key, copy);
      await storage().delete(key);
      expect(await readBytes(storage(), copy)).toEqual(bytes);
      await expect(storage().copy(key, newKey())).rejects.toMatchObject({ code: "not_found" });
    });

    it("deletes, also what is not there", async () => {
      const { key } = await putRandom(storage(), 10);
      await storage().delete(key);
      await storage().delete(key);
      expect(await storage().head(key)).toBeNull();
    });

    it("lists below a prefix in key order, objects beside folders of their name included", async () => {
      const top = `objects/${randomUUID()}`;
      const names = ["a", "a-b", "a/b", "a/b/c", "a.b", "b/a", "B", "_", "0/1"];
      await Promise.all(names.map((name) => putBytes(storage(), `${top}/${name}`, name)));
      const listed = await listAll(storage(), `${top}/`);
      expect(listed.map(({ key }) => key)).toEqual(names.map((name) => `${top}/${name}`).sort());
      expect(listed[0]).toMatchObject({ size: 3, lastModified: expect.any(Date) });
      const below = await listAll(storage(), `${top}/a`);
      expect(below.map(({ key }) => key.slice(top.length + 1))).toEqual(["a", "a-b", "a.b", "a/b", "a/b/c"]);
      expect(await listAll(storage(), `${top}-none/`)).toEqual([]);
    });

    it("lists more than a page", async () => {
      const top = `objects/${randomUUID()}`;
      const keys = Array.from({ length: 1005 }, (_, index) => `${top}/${String(index).padStart(4, "0")}`);
      const queue = [...keys];
      const putRest = async () => {
        for (let key = queue.pop(); key !== undefined; key = queue.pop()) await putBytes(storage(), key, "x");
      };
      await Promise.all(Array.from({ length: 20 }, putRest));
      const listed = await listAll(storage(), top);
      expect(listed.map(({ key }) => key)).toEqual(keys);
    }, 60_000);

    it("refuses keys that could mean another place, whatever is done with them", async () => {
      const hostile = fc.oneof(
        fc.constantFrom(...ESCAPES, "a".repeat(513)),
        fc.string({ unit: "binary" }).map((text) => `staging/%${text}`),
        fc.string().map((text) => `${text}/../x`),
      );
      await fc.assert(
        fc.asyncProperty(hostile, async (key) => {
          const [contentType, expiresIn, size] = [TYPE, 60, 1] as const;
          const attempts = [
            () => storage().head(key),
            () => storage().read(key),
            () => putBytes(storage(), key, "x"),
            () => storage().copy(key, newKey()),
            () => storage().copy(newKey(), key),
            () => storage().delete(key),
            () => storage().presignPut({ key, contentType, size, expiresIn }),
            () => storage().presignGet({ key, contentType, contentDisposition: "inline", expiresIn }),
            () => storage().presignPart({ key, uploadId: randomUUID(), partNumber: 1, size, expiresIn }),
            () => storage().startMultipart(key, contentType),
            () => storage().listParts(key, randomUUID()),
            () => storage().completeMultipart(key, randomUUID(), [{ partNumber: 1, etag: '"x"' }]),
            () => storage().abortMultipart(key, randomUUID()),
            () => listAll(storage(), `../${key}`),
          ];
          for (const attempt of attempts) {
            const tried = (async () => attempt())();
            await expect(tried).rejects.toMatchObject({
              code: expect.stringMatching(/^(validation_failed|not_found)$/),
            });
          }
        }),
      );
    }, 60_000);
  });
}
