import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Redis } from "ioredis";
import { vi } from "vitest";
import { afterwards } from "./afterwards.ts";
import { freePort } from "./free-port.ts";

/** A Redis of its own, in memory, on this machine only; ended by itself after the file's last test. */
export async function startRedis() {
  const port = await freePort();
  const password = "Zk3Qv7pW8s1kZbX0q3";
  const address = ["--port", `${port}`, "--bind", "127.0.0.1", "--requirepass", password];
  const options = [...address, "--save", "", "--appendonly", "no"];
  let server: ChildProcess | undefined;

  const client = new Redis({ port, password, retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on("error", () => {});

  async function start(): Promise<void> {
    server = spawn("redis-server", options, { stdio: "ignore" });
    await vi.waitFor(() => client.ping(), { timeout: 15_000 });
  }

  async function stop(): Promise<void> {
    if (!server) return;
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
    server = undefined;
  }

  /** Holds it still during `work`: connections stay, nothing is answered. */
  async function hang(work: () => Promise<void>): Promise<void> {
    server?.kill("SIGSTOP");
    try {
      await work();
    } finally {
      server?.kill("SIGCONT");
    }
  }

  await start();
  afterwards(async () => {
    client.disconnect();
    await stop();
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    password,
    /** The test's own connection. */
    client,
    start,
    stop,
    hang,
  };
}
