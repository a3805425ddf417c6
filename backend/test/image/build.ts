import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pairs, type Stage } from "./dockerfile.ts";
import { seenByBuild } from "./dockerignore.ts";

/** What `docker build` sends: files that git knows, or would take in, and .dockerignore lets through. */
function contextOf(root: string): string[] {
  const list = ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"];
  const files = execFileSync("git", list, { cwd: root, encoding: "utf8" }).trim().split("\n");
  return files.filter(seenByBuild(readFileSync(join(root, ".dockerignore"), "utf8")));
}

/** COPY of files or folders from the context, as Docker does it: the content of a folder, not the folder. */
function copyFromContext(root: string, sources: readonly string[], target: string, folder: string): void {
  const context = contextOf(root);
  for (const source of sources) {
    const matches = context.filter((path) => path === source || path.startsWith(`${source}/`));
    if (matches.length === 0) throw new Error(`COPY ${source}: nothing of that name reaches the build`);
    for (const path of matches) {
      const name = path === source ? (path.split("/").at(-1) ?? "") : path.slice(source.length + 1);
      const to = join(folder, target, name);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(join(root, path), to);
    }
  }
}

/**
 * Runs a stage's instructions in a plain folder, which stands for the stage's WORKDIR, and copies from `earlier`
 * stages. What only describes the image does nothing here.
 */
export function runStage(stage: Stage, root: string, folder: string, earlier: Record<string, string>): void {
  let env: NodeJS.ProcessEnv = process.env; // a registry or a proxy of this machine, too
  let workdir = "/";
  mkdirSync(folder, { recursive: true });
  for (const { name, rest } of stage.instructions) {
    if (name === "ENV") env = { ...env, ...pairs(rest) };
    if (name === "WORKDIR") workdir = rest;
    if (name === "RUN") execFileSync("sh", ["-c", rest], { cwd: folder, env, stdio: ["ignore", 2, 2] });
    if (name !== "COPY") continue;
    const parts = rest.split(" ");
    const from = parts[0]?.startsWith("--from=") ? parts.shift()?.slice("--from=".length) : undefined;
    const target = parts.pop() ?? "";
    if (from === undefined) {
      copyFromContext(root, parts, target, folder);
      continue;
    }
    const source = earlier[from];
    if (source === undefined || workdir === "/") throw new Error(`COPY --from=${from}: no such stage`);
    for (const path of parts)
      cpSync(join(source, path), join(folder, target), { recursive: true, verbatimSymlinks: true });
  }
}
