import { once } from "node:events";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { failOnSilence } from "../../src/adapters/storage/s3.silence.ts";

const ms = 30_000;
const chunk = Buffer.alloc(1024 * 1024);
const undo: (() => void)[] = [];

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
afterEach(() => {
  vi.useRealTimers();
  for (const step of undo.splice(0)) step();
});

/** An answer of which `write` sends the bytes, watched. */
async function answer(write: (response: ServerResponse) => void): Promise<IncomingMessage> {
  const server = createServer((_, response) => write(response.writeHead(200)));
  undo.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const request = get({ port: (server.address() as AddressInfo).port, agent: false });
  const [body] = await once(request, "response");
  // The store's client has a listener, too: a cut answer is also a failed request.
  request.on("error", () => undefined);
  return failOnSilence(body as IncomingMessage, ms);
}

describe("an answer of the store", () => {
  it("fails when nothing comes although its reader waits", async () => {
    const body = await answer((response) => response.write("a"));
    const chunks = body[Symbol.asyncIterator]();
    expect(String((await chunks.next()).value)).toBe("a");
    const next = chunks.next();
    vi.advanceTimersByTime(3 * ms);
    await expect(next).rejects.toThrow("silent");
  });

  it("waits for a reader that takes a pause", async () => {
    const body = await answer((response) => {
      for (let i = 0; i < 20; i++) response.write(chunk);
      response.end();
    });
    const chunks = body[Symbol.asyncIterator]();
    let seen = (await chunks.next()).value.length;
    await vi.waitFor(() => expect(body.readableLength).toBeGreaterThan(0), 15_000);
    vi.advanceTimersByTime(8 * ms);
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) seen += next.value.length;
    expect(seen).toBe(20 * chunk.length);
    expect(vi.getTimerCount()).toBe(0);
  });
});
