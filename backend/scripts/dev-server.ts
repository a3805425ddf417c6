import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { signalWhenIDie } from "../src/db/embedded-processes.ts";

/**
 * @returns the port to use, which is a free one for 0
 * @throws with a sentence that says what to do when the port cannot be listened on
 */
export async function checkPort(host: string, port: number): Promise<number> {
  const probe = createServer().listen(port, host);
  try {
    await once(probe, "listening");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE")
      throw new Error(`Port ${port} is taken by another program. Stop it, or set PORT=${port + 1}.`);
    if (code === "EACCES") throw new Error(`Port ${port} needs more rights than you have. Set PORT=3001.`);
    throw error;
  }
  const { port: usable } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return usable;
}

export interface ServerProcess {
  /** Resolves with the exit code when the process is gone. */
  readonly ended: Promise<number>;
  /** Asks it to finish; after 10 seconds it has to. */
  stop(): Promise<void>;
  kill(): void;
}

/** Runs the server in a process group of its own, so that Ctrl-C reaches it once, through `stop`. */
export function startServer(options: {
  file: string;
  /** Folders whose changes restart it; none for a server that runs once. */
  watch: readonly string[];
  env: NodeJS.ProcessEnv;
}): ServerProcess {
  // Named folders: left to itself, `--watch` restarts on every change below node_modules, too.
  const folders = options.watch.map((folder) => `--watch-path=${folder}`);
  const watch = folders.length > 0 ? [...folders, "--watch-preserve-output"] : [];
  const child: ChildProcess = spawn(process.execPath, [...watch, options.file], {
    env: options.env,
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error("The server could not be started.");
  const unwatch = signalWhenIDie(-pid, "TERM");
  const kill = () => {
    try {
      process.kill(-pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  const ended = once(child, "exit").then(([code]: (number | null)[]) => {
    unwatch();
    return code ?? 1;
  });
  return {
    ended,
    kill,
    stop: async () => {
      child.kill("SIGTERM"); // `node --watch` hands it on and waits
      const patience = new AbortController();
      const impatience = wait(10_000, undefined, { signal: patience.signal }).then(kill, () => {});
      await Promise.race([ended, impatience]);
      patience.abort();
      await ended;
      kill(); // whatever it may have started and left
    },
  };
}

/** Waits until `GET /health` answers 200, for as long as a broken server takes to be mended. @returns false if told to stop */
export async function untilHealthy(base: string, stopped: AbortSignal): Promise<boolean> {
  while (!stopped.aborted) {
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(2000)]);
    const answer = await fetch(`${base}/health`, { signal }).catch(() => undefined);
    if (answer?.ok) return true;
    await wait(50);
  }
  return false;
}
