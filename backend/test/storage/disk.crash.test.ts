import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { type ClientRequest, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { deriveKeys } from "../../src/adapters/storage/disk.signing.ts";
import { createDiskStorage } from "../../src/adapters/storage/disk.ts";
import { listAll, MIB, newKey, putBytes, readBytes, TYPE } from "./content.ts";
import { startDiskServer } from "./disk.server.ts";

const HOUR = 60 * 60;
let root: string;
const undo: (() => unknown)[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "storage-"));
});
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
  await rm(root, { recursive: true });
});

const open = () => createDiskStorage({ root, publicUrl: "http://localhost", keys: () => deriveKeys(["k"]) });

/** Sends the first half of an upload of 2 MiB and waits until some of it is on disk. */
async function uploadHalf(url: string): Promise<ClientRequest> {
  const upload = request(url, {
    method: "PUT",
    headers: { "content-type": TYPE, "content-length": 2 * MIB },
    agent: false,
  });
  upload.on("error", () => undefined);
  upload.write(Buffer.alloc(MIB));
  await vi.waitFor(async () => {
    const [name = ""] = await readdir(join(root, "tmp"));
    expect((await stat(join(root, "tmp", name))).size).toBeGreaterThan(100_000);
  }, 10_000);
  return upload;
}

async function startProcess(): Promise<{ process: ChildProcess; presign(key: string): Promise<string> }> {
  const script = fileURLToPath(new URL("./disk.process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, root], { stdio: ["pipe", "pipe", "inherit"] });
  undo.push(() => child.kill("SIGKILL"));
  const lines = createInterface(child.stdout);
  return {
    process: child,
    async presign(key) {
      child.stdin.write(`${JSON.stringify({ key, size: 2 * MIB })}\n`);
      const [url] = await once(lines, "line");
      return String(url);
    },
  };
}

describe("an upload to disk that is cut off", () => {
  it("leaves nothing when the client goes away", async () => {
    const server = await startDiskServer(root);
    undo.push(server.stop);
    const key = newKey();
    const input = { key, contentType: TYPE, size: 2 * MIB, expiresIn: 60 };
    const upload = await uploadHalf((await server.storage.presignPut(input)).url);
    upload.destroy();
    await vi.waitFor(async () => expect(await readdir(join(root, "tmp"))).toEqual([]), 10_000);
    expect(await listAll(server.storage, "")).toEqual([]);
  });

  it("leaves nothing visible when the server is killed, and the object before it whole", async () => {
    const child = await startProcess();
    const key = newKey();
    const before = await putBytes(open(), key, "as it was");
    await uploadHalf(await child.presign(key));
    child.process.kill("SIGKILL");
    await once(child.process, "exit");

    const storage = open();
    expect(await listAll(storage, "")).toMatchObject([{ key, size: before.length }]);
    expect(await readBytes(storage, key)).toEqual(before);
  });
});

describe("opening the disk store", () => {
  it("removes what was left half-written a day ago, and nothing younger or finished", async () => {
    const storage = open();
    const key = newKey();
    await putBytes(storage, key, "finished");
    for (const [name, hours] of [
      ["old", 26],
      ["young", 24],
    ] as const) {
      const path = join(root, "tmp", name);
      await writeFile(path, "half");
      const time = Date.now() / 1000 - hours * HOUR;
      await utimes(path, time, time);
    }
    expect(await readdir(join(root, "tmp"))).toHaveLength(2);
    const again = open();
    expect(await readdir(join(root, "tmp"))).toEqual(["young"]);
    expect(String(await readBytes(again, key))).toBe("finished");
  });
});
