import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const stubServer = `
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
writeFileSync(process.env.DATA_DIR + "/server.json", JSON.stringify({ pid: process.pid, env: process.env }));
createServer((request, response) => response.end("ok")).listen(process.env.PORT, "127.0.0.1");
`;

export interface DevProcess {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Resolves once this appears in the output; fails if the process ends before. */
  says(text: string): Promise<void>;
  readonly ended: Promise<number | null>;
}

export interface Checkout {
  readonly dataFolder: string;
  /** Runs dev.ts with a stub for a server, through `command` before `node` where one is given. */
  dev(env?: Record<string, string>, command?: readonly string[]): DevProcess;
  /** What the running stub was started with. */
  server(): { pid: number; env: Record<string, string> };
  /** Ends what still runs and removes the folder. */
  remove(): Promise<void>;
}

/** Processes that have this text in their command line (on Linux: or environment), zombies left out. */
export function processesOf(text: string): readonly string[] {
  if (process.platform !== "linux")
    return execFileSync("ps", ["-axww", "-o", "pid=,command="], { encoding: "utf8" })
      .split("\n")
      .filter((line) => line.includes(text));
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return ["cmdline", "environ"].some((file) =>
        readFileSync(`/proc/${pid}/${file}`, "utf8").includes(text),
      );
    } catch {
      return false;
    }
  });
}

function run(command: readonly string[], env: Record<string, string>): DevProcess {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let text = "";
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      for (const look of watchers) look();
    });
  const ended = once(child, "close").then(([code]: (number | null)[]) => code ?? null);
  const says = (wanted: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => text.includes(wanted) && resolve();
      watchers.add(look);
      look();
      ended.then(() => reject(new Error(`It ended without saying "${wanted}":\n${text}`)), reject);
    });
  return { child, ended, says, output: () => text };
}

/** A data folder of its own, which is also how its processes are told from all others. */
export function createCheckout(): Checkout {
  const folder = mkdtempSync(join(tmpdir(), "coaching-app-dev-"));
  chmodSync(folder, 0o755);
  const dataFolder = join(folder, "data");
  const stub = join(folder, "server.mjs");
  writeFileSync(stub, stubServer);
  const script = fileURLToPath(new URL("../../scripts/dev.ts", import.meta.url));
  const started: DevProcess[] = [];
  return {
    dataFolder,
    dev: (env = {}, command = []) => {
      const base = {
        PATH: process.env.PATH ?? "",
        DATA_DIR: dataFolder,
        PORT: "0",
        DATABASE_URL: "",
        ...env,
      };
      const dev = run([...command, process.execPath, script, "--no-watch", "--server", stub], base);
      started.push(dev);
      return dev;
    },
    server: () => JSON.parse(readFileSync(join(dataFolder, "server.json"), "utf8")),
    remove: async () => {
      for (const pid of processesOf(dataFolder)) process.kill(Number.parseInt(pid, 10), "SIGKILL");
      await Promise.all(started.map(({ ended }) => ended));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
