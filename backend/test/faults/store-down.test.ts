import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { getFile, presign, register, stream } from "../files/client.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant } from "../harness/client.ts";

/** Takes connections and says nothing, ever. */
async function silentPort(): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on("error", () => undefined).resume()));
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Nothing listens there. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const storeAt = (port: number) =>
  startTestApp({
    env: {
      STORAGE_DRIVER: "s3",
      S3_ENDPOINT: `http://127.0.0.1:${port}`,
      S3_BUCKET: "coaching-app",
      S3_ACCESS_KEY_ID: "an-access-key",
      S3_SECRET_ACCESS_KEY: "a-secret-key-of-a-store-that-is-down",
    },
  });

const stores = [
  ["that is not there", await storeAt(await closedPort())],
  ["that never answers", await storeAt(await silentPort())],
] as const;

describe.concurrent.each(stores)("with a store %s", async (_, app) => {
  const tenant = await createTenant(app);
  const { token, userId } = tenant.people.org_admin;
  const { organizationId } = tenant;
  const { sql } = app.deps.database;
  const fileId = crypto.randomUUID();
  const storageKeys = [1, 2].map(() => `documents/${crypto.randomUUID()}.pdf`);
  for (const storageKey of storageKeys)
    await sql`insert into upload_intent
    (id, file_id, storage_key, target, organization_id, file_name, declared_type, size, user_id, expires_at)
    values (${crypto.randomUUID()}, ${crypto.randomUUID()}, ${storageKey}, 'organizationFile', ${organizationId},
      'a.pdf', 'application/pdf', 10, ${userId}, now() + interval '1 hour')`;
  await sql`insert into file
    (id, target, organization_id, file_name, declared_type, content_type, size, uploaded_by, status)
    values (${fileId}, 'organizationFile', ${organizationId}, 'a.pdf', 'application/pdf', 'application/pdf', 10,
      ${userId}, 'ready')`;
  const paper = {
    target: "organizationFile",
    organizationId,
    fileName: "a.pdf",
    contentType: "application/pdf",
  };

  async function unavailable<T extends { status: number; headers: Headers }>(request: () => Promise<T>) {
    const began = performance.now();
    const answer = await request();
    expect(answer.status).toBe(503);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    return answer;
  }

  it("a presign is 503 within 5 s, and leaves no intent", async () => {
    await unavailable(() => presign(app, token, { ...paper, size: 10 }));
    expect(await sql`select 1 from upload_intent`).toHaveLength(storageKeys.length);
  });

  it("a register is 503 within 5 s, and can be repeated", async () => {
    await Promise.all(storageKeys.map((key) => unavailable(() => register(app, token, key))));
    expect(await sql`select 1 from upload_intent where claimed_at is null`).toHaveLength(storageKeys.length);
  });

  it("a stream is 503 within 5 s, as a problem that names its code", async () => {
    const url = `/api/v1/files/${fileId}/stream`;
    const answer = await unavailable(() => call(app, "GET", url, { token }));
    expect(answer.json).toMatchObject({ status: 503, code: "unavailable" });
    expect(answer.headers.get("content-disposition")).toBeNull();
    expect(answer.headers.get("content-range")).toBeNull();
  });

  it("many at once are 503 within 5 s", async () => {
    const many = Array.from({ length: 30 }, (_x, i) =>
      i % 2
        ? unavailable(() => stream(app, token, fileId))
        : unavailable(() => presign(app, token, { ...paper, size: 10 })),
    );
    await Promise.all(many);
  });

  it("everything else works: /me, the file's data, refusals", async () => {
    expect((await call(app, "GET", "/api/v1/me", { token })).status).toBe(200);
    expect((await getFile(app, token, crypto.randomUUID())).status).toBe(404);
    expect((await presign(app, token, { ...paper, size: 0 })).status).toBe(400);
    expect((await stream(app, token, fileId, { headers: { range: "bytes=50-" } })).status).toBe(416);
  });

  it("readiness says so, and liveness does not care", async () => {
    const began = performance.now();
    const ready = await call(app, "GET", "/health/ready");
    expect(performance.now() - began).toBeLessThan(5000);
    expect(ready.status).toBe(503);
    expect(ready.json.checks).toMatchObject({ storage: "down", database: "ok" });
    expect((await call(app, "GET", "/health/live")).status).toBe(200);
  });
});
