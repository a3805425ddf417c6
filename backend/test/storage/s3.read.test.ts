import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { createServer as createTlsServer, get as getByTls } from "node:https";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { createDownloadAgent } from "../../src/adapters/storage/s3.agent.ts";
import { toStoredBytes } from "../../src/adapters/storage/s3.send.ts";
import { afterwards } from "../harness/afterwards.ts";
import { slowReader } from "./content.ts";
import { digest, large, listen, storageOn, whole } from "./s3.fake.ts";

const KEY = "objects/o/f";

describe("a request for an object", () => {
  it("is made again, once, on a connection that the store had closed, or when it was busy", async () => {
    for (const failure of [
      (response: ServerResponse) => response.destroy(),
      (response: ServerResponse) => response.writeHead(503).end("<Code>SlowDown</Code>"),
    ]) {
      let asked = 0;
      const storage = await storageOn((request, response) => {
        asked += 1;
        if (asked === 1) failure(response);
        else whole(request, response);
      });
      const bytes = await storage.read(KEY);
      expect(bytes && digest(await buffer(bytes))).toBe(digest(large));
      expect(asked).toBe(2);
    }
  });

  it.each<[string, number, string, string | null]>([
    ["that is not there: nothing", 404, "<Error><Code>NoSuchKey</Code></Error>", null],
    [
      "in a bucket that is not there: unavailable",
      404,
      "<Error><Code>NoSuchBucket</Code></Error>",
      "unavailable",
    ],
    ["of some other server: unavailable", 404, "<html>", "unavailable"],
    ["that we may not read: unavailable", 403, "<Error><Code>AccessDenied</Code></Error>", "unavailable"],
    ["with an endless failure: unavailable", 400, "x".repeat(100_000), "unavailable"],
    [
      "beyond its end: no such range",
      416,
      "<Error><Code>InvalidRange</Code></Error>",
      "range_not_satisfiable",
    ],
    ["of which a range was asked, answered whole: unavailable", 200, "whole", "unavailable"],
  ])("%s", async (_, status, body, code) => {
    const storage = await storageOn((__, response) => void response.writeHead(status).end(body));
    const answer = storage.read(KEY, { start: 1, end: 2 });
    if (code === null) expect(await answer).toBeNull();
    else await expect(answer).rejects.toMatchObject({ code });
  });

  it("keeps its connection for the next, small ones at least", async () => {
    const ports = new Set<number | undefined>();
    const storage = await storageOn((request, response) => {
      ports.add(request.socket.remotePort);
      response.end("small");
    });
    for (let i = 0; i < 5; i++) {
      const bytes = await storage.read(KEY);
      expect(bytes && String(await buffer(bytes))).toBe("small");
    }
    expect(ports.size).toBe(1);
  });

  it.each([
    ["fast", 0],
    ["slow", 2],
  ])("works over TLS as well, with a %s reader", async (_, ms) => {
    const psk = randomBytes(32);
    const secret = { ciphers: "PSK-AES128-GCM-SHA256", maxVersion: "TLSv1.2" as const };
    const server = createTlsServer({ ...secret, pskCallback: () => psk }, whole);
    const url = (await listen(server)).replace("http:", "https:");
    const agent = createDownloadAgent("https:");
    afterwards(() => agent.destroy());
    const options = { ...secret, agent, checkServerIdentity: () => undefined };
    const request = getByTls(url, {
      ...options,
      pskCallback: () => ({ psk, identity: "us" }),
    } as typeof options);
    const [answer] = await once(request, "response");
    const { into, received } = slowReader(ms, 10);
    await toStoredBytes(answer, 30_000).sendTo?.(into);
    expect(digest(Buffer.concat(received))).toBe(digest(large));
  });
});
