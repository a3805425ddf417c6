import { basename } from "node:path";
import { describeProcess, type ProcessDescription } from "../src/db/embedded-processes.ts";

const packageManagers = new Set([
  "npx",
  "npm",
  "pnpm",
  "npx-cli.js",
  "npm-cli.js",
  "pnpm.js",
  "pnpm.cjs",
  "pnpm.mjs",
]);
const shells = new Set(["sh", "dash", "bash", "zsh"]);

/** The program a command line runs: `node /usr/bin/npx pnpm dev` is npx. npm writes its title as one word. */
function programOf({ command }: ProcessDescription): string {
  const [first = "", ...rest] = command.flatMap((part, index) => (index === 0 ? part.split(" ") : [part]));
  const name = basename(first);
  if (!/^(node|nodejs|sh|dash)$/.test(name)) return name;
  const script = rest.find((word) => !word.startsWith("-"));
  const scriptName = script === undefined ? "" : basename(script);
  return packageManagers.has(scriptName) ? scriptName : name;
}

/** The npx, npm and pnpm processes that started this one, nearest first, with the shells between them left out. */
function packageManagersAbove(): readonly ProcessDescription[] {
  const found: ProcessDescription[] = [];
  for (let parent = describeProcess(process.ppid); parent; parent = describeProcess(parent.parent)) {
    const program = programOf(parent);
    if (packageManagers.has(program)) found.push(parent);
    else if (!shells.has(program)) break;
  }
  return found;
}

/**
 * Calls back once when a package manager above this process is gone. Ended by a signal, npx does not tell its
 * children, which would then run on unseen.
 */
export function onOrphaned(callback: () => void): void {
  const parents = packageManagersAbove();
  const timer = setInterval(() => {
    if (parents.every(({ pid, started }) => describeProcess(pid)?.started === started)) return;
    clearInterval(timer);
    callback();
  }, 300);
  timer.unref();
}
