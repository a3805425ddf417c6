import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { listAll, MIB, putBytes, TYPE } from "./content.ts";
import { listen, storageAt } from "./s3.fake.ts";

const KEY = "staging/documents/x.png";
const large = () =>
  Readable.from(
    Array.from({ length: 64 }, () => Buffer.alloc(MIB)),
    { objectMode: false },
  );

describe("an S3 store that is not there", () => {
  const answers = (status: number, body = "") =>
    listen(createServer((_, response) => response.writeHead(status).end(body)));
  const stores: [string, () => Promise<string>][] = [
    [
      "nothing listens",
      async () => {
        const server = createTcpServer();
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        const { port } = server.address() as AddressInfo;
        server.close();
        await once(server, "close");
        return `http://127.0.0.1:${port}`;
      },
    ],
    ["it takes connections and never answers", () => listen(createTcpServer())],
    ["it hangs up", () => listen(createTcpServer((socket) => socket.destroy()))],
    ["it answers 503", () => answers(503)],
    ["it refuses our credentials", () => answers(403)],
    ["it is some other server", () => answers(400, "<html>")],
  ];

  it.each(stores)("is reported as unavailable within 5 s by every method: %s", async (_, start) => {
    const storage = storageAt(await start());
    const calls: Record<string, () => Promise<unknown>> = {
      check: () => storage.check(),
      head: () => storage.head(KEY),
      read: () => storage.read(KEY),
      put: () => putBytes(storage, KEY, "x"),
      "put of a large stream": () => storage.put(KEY, large(), { contentType: TYPE, size: 64 * MIB }),
      "put of large bytes": () => putBytes(storage, KEY, Buffer.alloc(20 * MIB)),
      copy: () => storage.copy(KEY, "objects/x"),
      delete: () => storage.delete(KEY),
      list: () => listAll(storage, ""),
      startMultipart: () => storage.startMultipart(KEY, TYPE),
      listParts: () => storage.listParts(KEY, randomUUID()),
      completeMultipart: () => storage.completeMultipart(KEY, randomUUID(), [{ partNumber: 1, etag: "x" }]),
      abortMultipart: () => storage.abortMultipart(KEY, randomUUID()),
      listMultiparts: () => storage.listMultiparts("staging/")[Symbol.asyncIterator]().next(),
    };
    await Promise.all(
      Object.entries(calls).map(async ([name, call]) => {
        const began = performance.now();
        await expect(call(), name).rejects.toMatchObject({ name: "AppError", code: "unavailable" });
        expect(performance.now() - began, name).toBeLessThan(5_000);
      }),
    );
  });

  it("is unavailable, not empty, when the bucket does not exist", async () => {
    const storage = storageAt(await answers(404));
    await expect(storage.check()).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("requests to an S3 store", () => {
  it("ask for encryption of what the server writes, and of nothing else", async () => {
    const asked: string[] = [];
    const answer: RequestListener = (request, response) => {
      const { "x-amz-server-side-encryption": encryption, "x-amz-copy-source": copied } = request.headers;
      asked.push(`${request.method}${copied ? " copy" : ""} ${encryption}`);
      const tag = request.method === "POST" ? "InitiateMultipartUploadResult" : "CopyObjectResult";
      request.resume();
      response.end(request.method === "HEAD" ? "" : `<${tag}><UploadId>1</UploadId></${tag}>`);
    };
    const endpoint = await listen(createServer(answer));
    const storage = storageAt(endpoint, { serverSideEncryption: "AES256" });
    await putBytes(storage, KEY, "x");
    await storage.copy(KEY, "objects/x");
    await storage.startMultipart(KEY, TYPE);
    expect(asked).toEqual(["PUT AES256", "HEAD undefined", "PUT copy AES256", "POST AES256"]);
  });

  it("name the key where there is one, and have the client name it, too", async () => {
    const asked: unknown[] = [];
    const answer: RequestListener = (request, response) => {
      asked.push(request.headers["x-amz-server-side-encryption-aws-kms-key-id"]);
      request.resume();
      response.end();
    };
    const endpoint = await listen(createServer(answer));
    const storage = storageAt(endpoint, { serverSideEncryption: "aws:kms", kmsKeyId: "key-1" });
    await putBytes(storage, KEY, "x");
    expect(asked).toEqual(["key-1"]);
    const signed = await storage.presignPut({ key: KEY, contentType: TYPE, size: 1, expiresIn: 60 });
    expect(signed.headers).toEqual({
      "content-type": TYPE,
      "x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-aws-kms-key-id": "key-1",
    });
    const { searchParams } = new URL(signed.url);
    expect(searchParams.get("X-Amz-SignedHeaders")).toBe(
      `content-length;${Object.keys(signed.headers)[0]};host;${Object.keys(signed.headers).slice(1).join(";")}`,
    );
    // Unsigned in the query it would be ignored by some stores.
    expect(signed.url).not.toMatch(/[?&]x-amz-server-side/i);
  });

  it("carry the public endpoint in signed URLs, without connecting to it", async () => {
    const storage = storageAt("http://127.0.0.1:1", { publicEndpoint: "https://files.example.com" });
    const { url } = await storage.presignPut({ key: KEY, contentType: TYPE, size: 1, expiresIn: 60 });
    expect(url).toMatch(/^https:\/\/files\.example\.com\/coaching-app\/staging\/documents\/x\.png\?/);
    expect(new URL(url).searchParams.get("X-Amz-SignedHeaders")).toBe("content-length;content-type;host");
  });
});
