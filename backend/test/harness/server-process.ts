import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, vi } from "vitest";
import { freePort } from "../harness/free-port.ts";

const entry = fileURLToPath(new URL("../../src/server.ts", import.meta.url));

/** How often a server is asked whether it listens already; patience for a machine that has other things to do. */
const patience = { timeout: 60_000, interval: 50 };

/** On a connection that does not stay, as an open one would hold up the end of the server. */
async function answers(url: string): Promise<void> {
  const [response] = await once(get(url, { agent: false }), "response");
  response.resume();
}

/** A server as an operator runs it: a process that signals reach. Ended by itself after the file's last test. */
export async function serverProcess(databaseUrl: string, variables: Readonly<Record<string, string>> = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const dataDir = mkdtempSync(join(tmpdir(), "coaching-operate-"));
  let output = "";
  let running: ChildProcess | undefined;

  async function isListening(child: ChildProcess): Promise<void> {
    const ended = once(child, "exit").then(([code]) => {
      throw new Error(`the server ended with ${code}: ${output}`);
    });
    const up = vi.waitFor(() => answers(`${url}/health/live`), patience);
    await Promise.race([up, ended]);
    ended.catch(() => {});
  }

  /** Starts it and waits until it listens. */
  async function start(): Promise<void> {
    const child = spawn(process.execPath, [entry], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env.PATH,
        NODE_ENV: "test",
        PORT: String(port),
        DATA_DIR: dataDir,
        DATABASE_URL: databaseUrl,
        // Compiled once for all starts.
        NODE_COMPILE_CACHE: join(tmpdir(), "coaching-test-compiled"),
        BETTER_AUTH_SECRETS: "1:kd83hXq0Zm4vTn7RbLw2Yc9UfJ6sPe1A",
        STORAGE_SIGNING_KEY: "Vt5mQz8nWr3bKx7cLp1dHs9fGj2aYe4T",
        RATE_LIMIT_MAX: "100000",
        RATE_LIMIT_WRITE_MAX: "100000",
        AUTH_RATE_LIMIT_MAX: "100000",
        ...variables,
      },
    });
    running = child;
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
    await isListening(child);
  }

  /** Sends the signal and waits for the end. @returns the exit code */
  async function stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = running;
    running = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const ended = once(child, "exit");
    child.kill(signal);
    const [code] = await ended;
    return code;
  }

  afterAll(async () => {
    await stop("SIGKILL");
    rmSync(dataDir, { recursive: true, force: true });
  });
  return { url, port, start, stop, output: () => output };
}
