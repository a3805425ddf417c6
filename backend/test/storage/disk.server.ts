import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { deriveKeys } from "../../src/adapters/storage/disk.signing.ts";
import { createDiskStorage, type DiskStorage } from "../../src/adapters/storage/disk.ts";
import { AppError, type ErrorCode } from "../../src/errors.ts";

const STATUS: Partial<Record<ErrorCode, number>> = {
  validation_failed: 400,
  forbidden: 403,
  not_found: 404,
  payload_too_large: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  unavailable: 503,
};

export interface DiskServer {
  readonly storage: DiskStorage;
  readonly origin: string;
  stop(): Promise<void>;
}

/** The disk driver behind a plain HTTP server, the way the app mounts it; the code of an error is the body. */
export async function startDiskServer(root: string): Promise<DiskServer> {
  const server = createServer((request, response) => {
    response.setHeader("x-set-by-app", "yes");
    storage.handle(request, response).catch((error: unknown) => {
      const code = error instanceof AppError ? error.code : "internal";
      response.writeHead(STATUS[code] ?? 500, { "content-type": "text/plain" }).end(code);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const keys = deriveKeys(["a-key-for-tests-of-the-disk-driver"]);
  const storage = createDiskStorage({
    root,
    publicUrl: origin,
    keys: () => keys,
  });
  return {
    storage,
    origin,
    async stop() {
      server.closeAllConnections();
      server.close();
      await storage.close();
    },
  };
}
