import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { join } from "node:path";
import { inject, vi } from "vitest";
import { afterwards } from "./afterwards.ts";
import { freePort } from "./free-port.ts";
import { commonSettings } from "./settings.ts";

export type ServerProcess = Awaited<ReturnType<typeof serverProcess>>;

/** How often a server is asked whether it listens already; patience for a machine that has other things to do. */
const patience = { timeout: 60_000, interval: 25 };

/** On a connection that does not stay, as an open one would hold up the end of the server. */
async function answers(url: string): Promise<void> {
  const [response] = await once(get(url, { agent: false }), "response");
  response.resume();
}

/** A server as it is delivered: a process that signals reach. Ended by itself after the file's last test. */
export async function serverProcess(variables: Readonly<Record<string, string>>) {
  const bundle = inject("bundle");
  if (!bundle) throw new Error("server processes belong to the project `fleet` of vitest.config.ts");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
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
    const child = spawn(process.execPath, [join(bundle ?? "", "server.mjs")], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env.PATH,
        // Compiled once for all starts.
        NODE_COMPILE_CACHE: join(bundle ?? "", "compiled"),
        PORT: String(port),
        HOST: "127.0.0.1",
        ...commonSettings,
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

  afterwards(() => stop("SIGKILL"));
  return { url, port, start, stop, output: () => output };
}
