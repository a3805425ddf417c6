import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { Readable } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { documentOf, getFile, presign, put, register } from "../files/client.ts";
import { document, MIB } from "../files/samples.ts";
import { s3Settings } from "../files/world.ts";
import { startTestApp, type TestApp } from "../harness/app.ts";
import { createTenant, uploadFile } from "../harness/client.ts";
import { testDatabase } from "../harness/database.ts";
import { createChildServer } from "./child-server.ts";

const endpoint = process.env.S3_ENDPOINT;
const apps: [string, TestApp][] = [["disk", await startTestApp()]];
if (endpoint !== undefined) apps.push(["S3", await startTestApp({ env: await s3Settings(endpoint) })]);

const database = await testDatabase();
const people = await startTestApp({ database, worker: false });
const child = await createChildServer(database);

const openDescriptors = () => readdirSync("/proc/self/fd").length;

/** Takes the first bytes of an answer and hangs up. */
function abort(url: string, headers: Record<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, (response) => {
      response.once("data", () => {
        response.destroy();
        resolve();
      });
      response.on("error", () => undefined);
    }).on("error", reject);
  });
}

describe.each(apps)("a client that hangs up in the middle of a stream from %s", (_, app) => {
  it("leaves nothing open, however often", async () => {
    const tenant = await createTenant(app);
    const { token } = tenant.people.org_admin;
    const file = await uploadFile(app, token, document(8 * MIB), documentOf(tenant));
    const authorization = `Bearer ${token}`;
    const stream = `${app.url}/api/v1/files/${file.id}/stream`;
    await abort(stream, { authorization });
    const before = openDescriptors();
    for (let i = 0; i < 5; i++)
      await Promise.all(Array.from({ length: 10 }, () => abort(stream, { authorization })));
    // Some connections are kept to be used again.
    await vi.waitFor(() => expect(openDescriptors()).toBeLessThan(before + 12), 8000);
    const { downloadUrl } = (await getFile(app, token, file.id)).json;
    for (let i = 0; i < 5; i++) await Promise.all(Array.from({ length: 10 }, () => abort(downloadUrl, {})));
    await vi.waitFor(() => expect(openDescriptors()).toBeLessThan(before + 12), 8000);
  });
});

describe("the memory of a server", () => {
  it("does not grow with the files it streams: 20 times 50 MB at once in less than 64 MB", async () => {
    const tenant = await createTenant(people);
    const { token } = tenant.people.org_admin;
    const size = 50_000_000;
    const signed = await presign(child, token, documentOf(tenant, { size }));
    expect((await put(signed.json, document(size))).status).toBe(200);
    const { id } = (await register(child, token, signed.json.storageKey)).json;
    await vi.waitFor(async () => expect((await getFile(child, token, id)).json.status).toBe("ready"), 15_000);

    const download = async () => {
      const response = await fetch(`${child.url}/api/v1/files/${id}/stream`, {
        headers: { authorization: `Bearer ${token}` },
      });
      let length = 0;
      for await (const chunk of Readable.fromWeb(response.body as never)) length += chunk.length;
      return length;
    };
    const memory = (field: string) => {
      const status = readFileSync(`/proc/${child.pid()}/status`, "utf8");
      return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
    };
    expect(await download()).toBe(size);
    // Makes the peak start from now.
    writeFileSync(`/proc/${child.pid()}/clear_refs`, "5");
    const before = memory("VmRSS");
    const lengths = await Promise.all(Array.from({ length: 20 }, download));
    expect(lengths).toEqual(Array(20).fill(size));
    expect(memory("VmHWM") - before).toBeLessThan(64);
  });
});
