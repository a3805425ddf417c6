import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import manifest from "../../package.json" with { type: "json" };

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a command of the pinned pnpm prints about this workspace. */
export function pnpm(...args: readonly string[]): string {
  return execFileSync("npx", ["-y", manifest.packageManager, ...args], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 ** 2,
    stdio: ["ignore", "pipe", "pipe"],
  });
}
