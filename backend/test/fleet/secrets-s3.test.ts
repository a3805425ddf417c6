import { createHash, randomBytes } from "node:crypto";
import { afterAll, describe, expect, test, vi } from "vitest";
import { documentOf, presign, register } from "../files/client.ts";
import { s3Settings } from "../files/world.ts";
import { call, createTenant, uploadFile } from "../harness/client.ts";
import { createKey } from "../storage/s3.keys.ts";
import { createScene, rotating } from "./secrets.scene.ts";
import { holdDownload, holdUpload } from "./transfers.ts";

const endpoint = process.env.S3_ENDPOINT;
const patience = { timeout: 60_000, interval: 50 };

test.skipIf(endpoint === undefined && !process.env.CI)("there is an S3 server: S3_ENDPOINT names it", () => {
  expect(endpoint).toMatch(/^https?:/);
});

describe.skipIf(endpoint === undefined)("with files in S3", async () => {
  const bucket = await s3Settings(endpoint ?? "");
  const keys = { server: await createKey("ci"), upload: await createKey("uploader") };
  afterAll(async () => {
    await keys.server.remove();
    await keys.upload.remove();
  });
  const scene = await createScene((file) => ({
    ...bucket,
    S3_ACCESS_KEY_ID: "",
    S3_ACCESS_KEY_ID_FILE: file("S3_ACCESS_KEY_ID", keys.server.id),
    S3_SECRET_ACCESS_KEY: "",
    S3_SECRET_ACCESS_KEY_FILE: file("S3_SECRET_ACCESS_KEY", keys.server.secret),
    S3_UPLOAD_ACCESS_KEY_ID: "",
    S3_UPLOAD_ACCESS_KEY_ID_FILE: file("S3_UPLOAD_ACCESS_KEY_ID", keys.upload.id),
    S3_UPLOAD_SECRET_ACCESS_KEY: "",
    S3_UPLOAD_SECRET_ACCESS_KEY_FILE: file("S3_UPLOAD_SECRET_ACCESS_KEY", keys.upload.secret),
  }));
  const { app, write, taken } = scene;

  /** The second key is made, used and the only one in use, before the first is deleted. */
  async function change(
    identity: keyof typeof keys,
    prefix: "S3" | "S3_UPLOAD",
    settled: () => Promise<void>,
  ) {
    const [id, secret] = [`${prefix}_ACCESS_KEY_ID`, `${prefix}_SECRET_ACCESS_KEY`];
    const old = keys[identity];
    const next = await createKey(identity === "server" ? "ci" : "uploader");
    keys[identity] = next;
    write(id, next.id);
    // By hand there is time between the two: servers look, and go on with the first key.
    for (const server of app.servers)
      await vi.waitFor(
        () => expect(server.output()).toContain(`${id} is another, and ${secret} is still`),
        patience,
      );
    write(secret, next.secret);
    await taken(id, secret);
    // For the test it is not ten minutes: whoever was given a URL uses it.
    await settled();
    await old.remove();
  }

  /** An organization with a file that takes a while, and what begins a download of it and an upload. */
  async function createTransfers() {
    const tenant = await createTenant(app);
    const { token } = tenant.people.org_admin;
    // More than the sockets on the way hold.
    const stored = randomBytes(48 * 1024 * 1024);
    const { id } = await uploadFile(app, token, stored, documentOf(tenant));
    const [url, sha256] = [
      `${app.url}/api/v1/files/${id}/stream`,
      createHash("sha256").update(stored).digest("hex"),
    ];
    await vi.waitFor(async () => {
      const { json } = await call(app, "GET", `/api/v1/files/${id}`, { token });
      expect(json.status).toBe("ready");
    }, patience);
    const sent = randomBytes(256 * 1024);
    const body = documentOf(tenant, { size: sent.length });

    /** Both are under way during `work`, and end after it. @returns what came of them, in words */
    return async (work: () => Promise<void>): Promise<string[]> => {
      const { headers, storageKey, uploadUrl } = (await presign(app, token, body)).json;
      const held = [
        await holdDownload({ url, token, sha256, headers: app.headers }),
        await holdUpload({ url: uploadUrl, headers, bytes: sent }),
      ];
      await work();
      const ends = await Promise.all(held.map((one) => one.finish()));
      const { status, text } = await register(app, token, storageKey);
      return [...ends, status === 201 ? "ok" : text];
    };
  }

  test("no request fails while the keys of the store change", { timeout: 300_000 }, async () => {
    const load = await scene.startLoad();
    const during = await createTransfers();
    const ends: string[] = [];
    const changing = async (...what: Parameters<typeof change>): Promise<void> => {
      ends.push(...(await during(() => change(...what))));
    };
    const rows = await rotating(load, {
      "S3 keys of the server": () => changing("server", "S3", load.round),
      "S3 keys of the upload identity": () => changing("upload", "S3_UPLOAD", load.round),
    });
    await load.end();
    expect(load.failed).toEqual([]);
    expect(ends).toEqual(Array(6).fill("ok"));
    for (const { secret, requests } of rows) expect(requests, secret).toBeGreaterThan(100);
    await scene.nothingIsLost(load);
    scene.nothingIsTold();
  });
});
