import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, vi } from "vitest";
import type { TestDatabase } from "../harness/database.ts";

export interface ChildServer {
  readonly url: string;
  /** Folder of the disk store. */
  readonly files: string;
  pid(): number;
  /** SIGKILL, and nothing of it is left. */
  kill(): Promise<void>;
  /** Again, with the same folders, database and port. */
  start(): Promise<void>;
}

/** `backend/src/server.ts` as a process of its own on a test's database; killed and removed after the file's last test. Call it at the top of the file. */
export async function createChildServer(database: TestDatabase): Promise<ChildServer> {
  const dataDir = mkdtempSync(join(tmpdir(), "coaching-child-"));
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let output = "";

  async function start(): Promise<void> {
    child = spawn(process.execPath, [fileURLToPath(new URL("../../src/server.ts", import.meta.url))], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env.PATH,
        NODE_ENV: "test",
        HOST: "127.0.0.1",
        PORT: String(port),
        DATA_DIR: dataDir,
        DATABASE_URL: database.appUrl,
        BETTER_AUTH_SECRETS: "1:kd83hXq0Zm4vTn7RbLw2Yc9UfJ6sPe1A",
        STORAGE_DRIVER: "disk",
        STORAGE_SIGNING_KEY: "Vt5mQz8nWr3bKx7cLp1dHs9fGj2aYe4T",
        RATE_LIMIT_MAX: "100000",
        RATE_LIMIT_WRITE_MAX: "100000",
        BETTER_AUTH_URL: url,
      },
    });
    output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        output += chunk;
      });
    await vi.waitFor(
      async () => {
        if (child?.exitCode !== null) throw new Error(`the server ended: ${output}`);
        const ready = await fetch(`${url}/health/ready`);
        if (ready.status !== 200) throw new Error(await ready.text());
      },
      { timeout: 20_000, interval: 50 },
    );
  }

  async function kill(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  afterAll(async () => {
    await kill();
    rmSync(dataDir, { recursive: true, force: true });
  });
  await start();
  return { url, files: join(dataDir, "files"), pid: () => child?.pid ?? 0, kill, start };
}
