import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, it } from "vitest";
import { documentOf, presign, register } from "../files/client.ts";
import { document, picture } from "../files/samples.ts";
import { startTestApp } from "../harness/app.ts";
import { createTenant } from "../harness/client.ts";

/** An S3 store with one object everywhere, of which it sends so much. */
const store = { object: Buffer.alloc(0), sends: 0, puts: 0 };
const server = createServer((request, response) => {
  request.resume();
  if (request.method === "PUT") {
    const isCopy = request.headers["x-amz-copy-source"] !== undefined;
    if (!isCopy) store.puts += 1;
    response.end(isCopy ? '<CopyObjectResult><ETag>"x"</ETag></CopyObjectResult>' : "");
    return;
  }
  response.writeHead(200, { "content-length": store.object.length, etag: '"x"' });
  if (request.method !== "GET") return void response.end();
  response.write(store.object.subarray(0, store.sends), () => {
    if (store.sends === store.object.length) response.end();
    else response.destroy();
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const app = await startTestApp({
  env: {
    STORAGE_DRIVER: "s3",
    S3_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    S3_BUCKET: "coaching-app",
    S3_ACCESS_KEY_ID: "an-access-key",
    S3_SECRET_ACCESS_KEY: "a-secret-key-of-a-store-that-breaks-off",
  },
});
const tenant = await createTenant(app);
const { token } = tenant.people.org_admin;

it.each([
  ["a document", document(300_000), documentOf(tenant), 0],
  ["a picture", picture(), { target: "avatar", fileName: "me.png", contentType: "image/png" }, 3],
])("register of %s is 503 when the store breaks off, and can be repeated", async (_, bytes, body, puts) => {
  const signed = await presign(app, token, { ...body, size: bytes.length });
  Object.assign(store, { object: bytes, sends: Math.floor(bytes.length / 2), puts: 0 });
  const broken = await register(app, token, signed.json.storageKey);
  expect([broken.status, broken.json.code], broken.text).toEqual([503, "unavailable"]);
  expect(Number(broken.headers.get("retry-after"))).toBeGreaterThan(0);
  store.sends = bytes.length;
  const again = await register(app, token, signed.json.storageKey);
  expect(again.status, again.text).toBe(201);
  expect(store.puts).toBe(puts);
});
