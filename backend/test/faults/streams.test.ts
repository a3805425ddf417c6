import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { describe, expect, it, vi } from "vitest";
import { documentOf, getFile, presign, put, register } from "../files/client.ts";
import { document, MIB } from "../files/samples.ts";
import { s3Settings } from "../files/world.ts";
import { startTestApp, type TestApp } from "../harness/app.ts";
import { createPerson, createTenant, join, uploadFile } from "../harness/client.ts";
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

/** The first bytes of a stream, of which the rest waits in the server and on the way. */
async function begin(url: string, headers: Record<string, string>, atLeast: number) {
  const request = get(url, { headers, agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const chunks = response.iterator({ destroyOnReturn: false });
  let length = 0;
  const read = async (enough: number): Promise<number> => {
    while (length < enough) {
      const { value, done } = await chunks.next();
      if (done) break;
      length += value.length;
    }
    return length;
  };
  await read(atLeast);
  return { toTheEnd: () => read(Number.POSITIVE_INFINITY), leave: () => response.destroy() };
}

describe("the memory of a server", () => {
  it("does not grow with the files it streams: 100 slow readers of 50 MB at once in less than 100 MB", async () => {
    const tenant = await createTenant(people);
    const { token } = tenant.people.org_admin;
    const size = 50_000_000;
    const signed = await presign(child, token, documentOf(tenant, { size }));
    expect((await put(signed.json, document(size))).status).toBe(200);
    const { id } = (await register(child, token, signed.json.storageKey)).json;
    await vi.waitFor(async () => expect((await getFile(child, token, id)).json.status).toBe("ready"), 15_000);

    const stream = `${child.url}/api/v1/files/${id}/stream`;
    const headers = { authorization: `Bearer ${token}` };
    // Nobody has more than twenty.
    const readersOf = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const person = await createPerson(people);
        await join(people, tenant.organizationId, person, "client");
        return { authorization: `Bearer ${person.token}` };
      }),
    );
    const memory = (field: string) => {
      const status = readFileSync(`/proc/${child.pid()}/status`, "utf8");
      return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
    };
    const warm = await begin(stream, headers, 0);
    expect(await warm.toTheEnd()).toBe(size);
    // Makes the peak start from now.
    writeFileSync(`/proc/${child.pid()}/clear_refs`, "5");
    const before = memory("VmRSS");
    const readers = await Promise.all(
      readersOf.flatMap((one) => Array.from({ length: 20 }, () => begin(stream, one, 5_000_000))),
    );
    const some = readers.splice(0, 10);
    expect(await Promise.all(some.map((reader) => reader.toTheEnd()))).toEqual(Array(10).fill(size));
    for (const reader of readers) reader.leave();
    // Some 25 MB are in use; the rest is garbage that is not collected yet, more of it on a busy machine.
    expect(memory("VmHWM") - before).toBeLessThan(100);
  }, 60_000);
});
