import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import type { S3Config } from "../../src/adapters/storage/s3.clients.ts";
import { createS3Storage } from "../../src/adapters/storage/s3.ts";
import { afterwards } from "../harness/afterwards.ts";

/** An object of some megabytes. */
export const large = randomBytes(12_345_678);
export const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Starts a server for the time of the test. @returns its URL */
export async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => undefined)));
  afterwards(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Of a store that is there. */
export function configAt(endpoint: string): S3Config {
  const identity = { accessKeyId: "id", secretAccessKey: "secret" };
  return {
    driver: "s3",
    endpoint,
    publicEndpoint: endpoint,
    region: "us-east-1",
    bucket: "coaching-app",
    forcePathStyle: true,
    ...identity,
    upload: identity,
    serverSideEncryption: undefined,
    kmsKeyId: undefined,
  };
}

/** The driver on a store that is there. */
export function storageAt(endpoint: string, more: Partial<S3Config> = {}) {
  const storage = createS3Storage({ ...configAt(endpoint), ...more });
  afterwards(() => storage.close());
  return storage;
}

/** The driver on a store that answers like this. */
export const storageOn = async (answer: RequestListener) => storageAt(await listen(createServer(answer)));

/** Answers with all of the object. */
export const whole: RequestListener = (_, response) =>
  void response.writeHead(200, { "content-length": large.length }).end(large);
