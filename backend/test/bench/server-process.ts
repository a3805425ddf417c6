import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { checkPort, untilHealthy } from "../../scripts/dev-server.ts";
import type { Usage } from "./probe.ts";

const probe = new URL("probe.ts", import.meta.url).href;

/** A server in a process of its own, with the probe inside. */
export interface ServerProcess {
  readonly url: string;
  /** What the process used since this was called last. */
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/**
 * Starts a Node program that listens on `PORT` and answers `GET /health`, and waits until it does.
 *
 * @param env the whole environment, but for PATH, PORT and BETTER_AUTH_URL
 */
export async function startServerProcess(
  file: URL,
  { args = [], env = {} }: { args?: readonly string[]; env?: Record<string, string> },
): Promise<ServerProcess> {
  const port = await checkPort("127.0.0.1", 0);
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, ["--import", probe, fileURLToPath(file), ...args], {
    env: { PATH: process.env.PATH, ...env, PORT: String(port), BETTER_AUTH_URL: url },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ended = once(child, "exit");
  const death = new AbortController();
  child.once("exit", () => death.abort());
  if (!(await untilHealthy(url, death.signal))) throw new Error(`${fileURLToPath(file)} did not start`);
  return {
    url,
    usage: () => ask(child),
    async stop() {
      child.kill("SIGTERM");
      const impatience = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(impatience);
    },
  };
}

async function ask(child: ChildProcess): Promise<Usage> {
  const answer = once(child, "message");
  child.send("usage");
  const [message] = (await answer) as [{ usage: Usage }];
  return message.usage;
}
