import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { expect, it, vi } from "vitest";
import { listen, storageAt } from "./s3.fake.ts";

const KEY = "objects/o/f";
const sockets = 1_000;

/** A store of endless objects, each of which begins and then waits. */
const waiting = new Set<ServerResponse>();
const store = createServer((request, response) => {
  if (request.method === "HEAD") return response.writeHead(200, { "content-length": 5 }).end();
  waiting.add(response);
  response.once("close", () => waiting.delete(response));
  return response.writeHead(200, { "content-length": 1_000_000 }).write("begin");
});
const storage = storageAt(await listen(store));

it("a download more than there are sockets is unavailable within 5 s, and takes nothing from anybody else", async () => {
  const readers = [];
  while (readers.length < sockets)
    readers.push(...(await Promise.all(Array.from({ length: 100 }, () => storage.read(KEY)))));
  expect(waiting.size).toBe(sockets);

  const began = performance.now();
  await expect(storage.read(KEY)).rejects.toMatchObject({ code: "unavailable", retryAfter: 5 });
  expect(performance.now() - began).toBeLessThan(5_000);
  // Presign, register and readiness go by these.
  expect(await storage.head(KEY)).toMatchObject({ size: 5 });
  await storage.check();

  for (const reader of readers.splice(0, 10)) reader?.destroy();
  await vi.waitFor(() => expect(waiting.size).toBe(sockets - 10), 15_000);
  const next = await storage.read(KEY);
  if (!next) throw new Error("There is such a file");
  expect(String((await once(next, "data"))[0])).toBe("begin");
  for (const reader of [...readers, next]) reader?.destroy();
  await vi.waitFor(() => expect(waiting.size).toBe(0), 15_000);
}, 60_000);
