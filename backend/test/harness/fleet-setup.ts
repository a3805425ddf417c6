import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder of the programs as they are delivered; only where tests run against processes of their own. */
    bundle: string | undefined;
  }
}

const script = fileURLToPath(new URL("../../scripts/build.ts", import.meta.url));

/** Builds what an operator runs, once a run: it starts four times as fast as the sources. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "coaching-bundle-"));
  const { status, stderr } = spawnSync(process.execPath, [script, folder], { encoding: "utf8" });
  if (status !== 0) throw new Error(`build: ${stderr}`);
  project.provide("bundle", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
