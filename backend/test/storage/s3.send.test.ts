import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, get, type RequestListener, type ServerResponse } from "node:http";
import { Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { StoredBytes } from "../../src/adapters/storage/port.ts";
import { createDownloadAgent } from "../../src/adapters/storage/s3.agent.ts";
import { toStoredBytes } from "../../src/adapters/storage/s3.send.ts";
import { afterwards } from "../harness/afterwards.ts";
import { digest, large, listen, storageOn, whole } from "./s3.fake.ts";

afterEach(() => void vi.useRealTimers());

async function read(answer: RequestListener): Promise<StoredBytes> {
  const bytes = await (await storageOn(answer)).read("objects/o/f");
  if (!bytes) throw new Error("There is such a file");
  return bytes;
}

/** Sends the object to a client of ours, which gets `received` of it. */
async function throughServer(answer: RequestListener, length = large.length) {
  const bytes = await read(answer);
  const sent = Promise.withResolvers<unknown>();
  const url = await listen(
    createServer((_, response) => {
      response.writeHead(200, { "content-length": length });
      bytes.sendTo?.(response).then(() => sent.resolve(null), sent.resolve);
    }),
  );
  const request = get(url, { agent: false });
  const [received] = await once(request, "response");
  request.on("error", () => undefined);
  return { bytes, sent: sent.promise, received };
}

describe("a large object of the store", () => {
  it("arrives as it is, and leaves nothing open", async () => {
    const { bytes, sent, received } = await throughServer(whole);
    expect(bytes.total).toBe(large.length);
    expect(digest(await buffer(received))).toBe(digest(large));
    expect(await sent).toBeNull();
    expect([bytes.destroyed, bytes.closed]).toEqual([true, true]);
  });

  it("arrives as it is when the store sends by fits and starts, and the reader takes breaks", async () => {
    const { sent, received } = await throughServer(async (_, response) => {
      response.writeHead(200, { "content-length": large.length });
      for (let at = 0, step = 1; at < large.length; at += step, step = step * 3 + 1) {
        response.write(large.subarray(at, at + step));
        await wait(5);
      }
      response.end();
    });
    const hash = createHash("sha256");
    let breaks = 0;
    for await (const chunk of received) {
      hash.update(chunk);
      if (breaks++ < 20) await wait(10);
    }
    expect(hash.digest("hex")).toBe(digest(large));
    expect(await sent).toBeNull();
  });

  it("is written from the same memory, which nobody overwrites before it was taken", async () => {
    const bytes = await read(whole);
    const memory = new Set<ArrayBufferLike>();
    const hash = createHash("sha256");
    const slow = new Writable({
      highWaterMark: 1,
      async write(chunk: Buffer, _, done) {
        memory.add(chunk.buffer);
        await wait(1);
        hash.update(chunk);
        done();
      },
    });
    await bytes.sendTo?.(slow);
    expect(hash.digest("hex")).toBe(digest(large));
    // What its parser was given before, one read that was under way, and the one piece.
    expect(memory.size).toBeLessThanOrEqual(3);
  });

  it("is not mixed with others that are read at the same time, large or small", async () => {
    const objects = Array.from({ length: 24 }, (_, n) => randomBytes(n % 3 === 0 ? 3_000_000 : 300_000 + n));
    const storage = await storageOn(async ({ url }, response) => {
      const object = objects[Number(url?.split("/").at(-1))] ?? Buffer.alloc(0);
      response.writeHead(200, { "content-length": object.length });
      for (let at = 0; at < object.length; at += 50_000) {
        response.write(object.subarray(at, at + 50_000));
        await wait(1);
      }
      response.end();
    });
    const digests = objects.map(async (_, n) => {
      const bytes = await storage.read(`objects/o/${n}`);
      const chunks: Buffer[] = [];
      await bytes?.sendTo?.(
        new Writable({
          highWaterMark: 1,
          async write(chunk: Buffer, _encoding, done) {
            await wait(2);
            // A small one is for keeps, of a large one the memory is used again.
            chunks.push(n % 3 === 0 ? Buffer.from(chunk) : chunk);
            done();
          },
        }),
      );
      return digest(Buffer.concat(chunks));
    });
    expect(await Promise.all(digests)).toEqual(objects.map(digest));
  });

  it("that the store cuts short is cut for the reader, too", async () => {
    const { bytes, sent, received } = await throughServer((_, response) => {
      response.writeHead(200, { "content-length": large.length });
      response.write(large.subarray(0, 5_000_000), () => response.destroy());
    });
    await expect(buffer(received)).rejects.toThrow("aborted");
    expect(await sent).toBeInstanceOf(Error);
    expect(bytes.destroyed).toBe(true);
  });

  it("is let go of when the reader leaves", async () => {
    let atStore: ServerResponse | undefined;
    const { bytes, sent, received } = await throughServer((_, response) => {
      atStore = response;
      response.writeHead(200, { "content-length": 1_000_000_000 }).write(large);
    }, 1_000_000_000);
    await once(received, "data");
    received.destroy();
    expect(await sent).toMatchObject({ code: expect.stringMatching(/ERR_STREAM|ECONNRESET|EPIPE/) });
    expect(bytes.destroyed).toBe(true);
    await vi.waitFor(() => expect(atStore?.destroyed).toBe(true), 15_000);
  });

  it("fails when the store falls silent, and not when the reader does", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const store: ServerResponse[] = [];
    const url = await listen(
      createServer((_, response) => {
        store.push(response);
        response.writeHead(200, { "content-length": 3_000_000 }).write(large.subarray(0, 2_000_000));
      }),
    );
    const agent = createDownloadAgent("http:");
    afterwards(() => agent.destroy());
    for (const reader of ["reads", "pauses"]) {
      const request = get(url, { agent });
      const [answer] = await once(request, "response");
      request.on("error", () => undefined);
      let taken = 0;
      let goOn = () => undefined as unknown;
      const destination = new Writable({
        write(chunk: Buffer, _, done) {
          taken += chunk.length;
          if (reader === "reads") done();
          else goOn = done;
        },
      });
      const ended = toStoredBytes(answer, 30_000)
        .sendTo?.(destination)
        .then(
          () => "sent",
          (error: Error) => error.message,
        );
      await vi.waitFor(() => expect(taken).toBeGreaterThan(reader === "reads" ? 1_999_999 : 0), 15_000);
      vi.advanceTimersByTime(120_000);
      if (reader === "reads") expect(await ended).toContain("silent");
      else {
        expect(answer.destroyed).toBe(false);
        destination.destroy();
        goOn();
        expect(await ended).not.toContain("silent");
      }
    }
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(0), 15_000);
  });
});
