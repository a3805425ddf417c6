import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

export interface ProcessDescription {
  readonly pid: number;
  readonly parent: number;
  /** Tells a process from a later one with the same number; compare, nothing else. */
  readonly started: string;
  readonly command: readonly string[];
}

/** Reads `ps` or /proc; undefined for a process that is gone or a zombie (which `kill(pid, 0)` calls alive). */
export function describeProcess(pid: number): ProcessDescription | undefined {
  try {
    if (process.platform !== "linux") return describeByPs(pid);
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the name in parentheses, which may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").filter(Boolean);
    return { pid, parent: Number(fields[1]), started: fields[19] ?? "", command };
  } catch {
    return undefined;
  }
}

function describeByPs(pid: number): ProcessDescription | undefined {
  const line = execFileSync("ps", ["-o", "stat=,ppid=,lstart=,command=", "-p", String(pid)], {
    encoding: "utf8",
    env: { LC_ALL: "C", PATH: "/usr/bin:/bin" },
  });
  const match = /^\s*(\S+)\s+(\d+)\s+(\w+\s+\w+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/m.exec(line);
  if (!match || match[1]?.startsWith("Z")) return undefined;
  return { pid, parent: Number(match[2]), started: match[3] ?? "", command: (match[4] ?? "").split(/\s+/) };
}

/** Processes of PostgreSQL at work in a data folder: each of them, where /proc shows its working directory. */
function postgresProcesses(dataDir: string, postmaster: number): readonly number[] {
  if (process.platform !== "linux") {
    const found = describeProcess(postmaster)?.command.some((word) => word.includes(dataDir));
    return found ? [postmaster] : [];
  }
  const folder = realpathSync(dataDir);
  const worksHere = (pid: string) => {
    try {
      const isPostgres = basename(readlinkSync(`/proc/${pid}/exe`)).startsWith("postgres");
      return isPostgres && readlinkSync(`/proc/${pid}/cwd`) === folder;
    } catch {
      return false;
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && worksHere(name))
    .map(Number);
}

/**
 * Ends what a killed supervisor or a killed postmaster left running in a data folder, and removes a stale pid file:
 * PostgreSQL itself takes a zombie, or a stranger with the same number, for a running server.
 */
export async function stopLeftovers(dataDir: string): Promise<void> {
  const pidFile = join(dataDir, "postmaster.pid");
  const postmaster = existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8").split("\n")[0]) : 0;
  const left = () => postgresProcesses(dataDir, postmaster);
  const signalAll = (signal: NodeJS.Signals, pids: readonly number[]) => {
    for (const pid of pids) if (describeProcess(pid)) process.kill(pid, signal);
  };
  // The other processes leave by themselves once the postmaster is gone.
  signalAll(
    "SIGINT",
    left().filter((pid) => pid === postmaster),
  );
  for (let waited = 0; left().length > 0; waited += 25) {
    if (waited > 10_000) signalAll("SIGKILL", left());
    if (waited > 15_000) throw new Error(`PostgreSQL still runs in ${dataDir} and cannot be stopped.`);
    await wait(25);
  }
  rmSync(pidFile, { force: true });
}

/**
 * Sends a signal to a process (or, negative, to a group) when this process ends in whatever way, kill -9 included:
 * a shell waits for the end of a pipe whose other end only this process holds.
 *
 * @returns stops watching; call it once the watched process has ended by itself
 */
export function signalWhenIDie(target: number, signal: "INT" | "TERM"): () => void {
  const script = 'read -r _; kill -s "$1" -- "$2" 2>/dev/null';
  const watchdog = spawn("/bin/sh", ["-c", script, "watchdog", signal, String(target)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true, // a Ctrl-C in the terminal must not end the watchdog first
  });
  watchdog.unref();
  return () => {
    watchdog.kill("SIGKILL");
  };
}
