import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Stream } from "node:stream";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import type { DiskStorage } from "../../src/adapters/storage/disk.ts";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import type { Caller } from "../../src/auth/actor.ts";
import { AppError } from "../../src/errors.ts";
import { createReading } from "../../src/features/files/files.reading.ts";
import type { SecuredEnv } from "../../src/http/app-env.ts";
import { serveStoredFiles } from "../../src/http/stored-files.ts";
import { pipeOut } from "../../src/http/stream.ts";
import { createSeats } from "../../src/seats.ts";

/** What the application does with streams and signed URLs, with so few seats that a test can take them all. */
export async function startCrowd(
  total: number,
  storeAt: (origin: string) => StoragePort & Partial<DiskStorage>,
) {
  const app = new Hono<SecuredEnv>();
  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const storage = storeAt(url);
  const warnings: unknown[] = [];
  const streams = createSeats(total);
  const transfers = createSeats(total);
  const read = createReading(storage, streams);

  app.onError((error, c) => {
    const { code, retryAfter } = error instanceof AppError ? error : { code: "internal", retryAfter: 0 };
    return c.text(code, code === "unavailable" ? 503 : 400, { "Retry-After": String(retryAfter) });
  });
  app.use(async (c, next) => {
    c.set("origin", { ip: c.req.header("x-forwarded-for") ?? "192.0.2.1", client: null, requestId: "x" });
    c.set("log", { warn: (details: unknown) => warnings.push(details) } as never);
    await next();
  });
  app.get("/stream/:userId/:key{.+}", async (c) => {
    const { userId, key } = c.req.param();
    const source = await read({ userId, origin: c.get("origin") } as Caller, key, null);
    return pipeOut(c, source, { status: 200, headers: { "Content-Length": String(source.total) } });
  });
  if (storage.handle) app.all("/storage/*", serveStoredFiles(storage.handle, transfers));

  return {
    url,
    storage,
    warnings,
    /** Seats that are taken. */
    taken: () => ({ streams: streams.taken(), transfers: transfers.taken() }),
    async stop(): Promise<void> {
      if ("closeAllConnections" in server) server.closeAllConnections();
      server.close();
      await storage.close();
    },
  };
}

/** Resolves once it is, for whatever reason. */
export const closed = (stream: Stream & { closed: boolean }): Promise<void> =>
  new Promise((resolve) => {
    if (stream.closed) resolve();
    else stream.once("close", resolve);
  });

/** Takes the first bytes of an answer, and no more until it is asked to. */
export async function open(url: string, headers: Record<string, string> = {}) {
  const [response] = (await once(get(url, { headers, agent: false }), "response")) as [IncomingMessage];
  response.on("error", () => undefined);
  await once(response, "readable");
  return {
    leave: () => response.destroy(),
    /** All bytes there were, and whether that was everything. */
    async toTheEnd(): Promise<{ bytes: number; whole: boolean }> {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      await closed(response);
      return { bytes, whole: response.complete };
    },
  };
}
