import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { describeProcess } from "./embedded-processes.ts";

function isHeld(file: string): number | undefined {
  const [pid = "", started] = readFileSync(file, "utf8").split(" ");
  return describeProcess(Number(pid))?.started === started ? Number(pid) : undefined;
}

/**
 * Claims a data folder for this process. A claim outlives neither its process nor the reuse of its number.
 *
 * @returns gives the folder up
 * @throws when another running process holds it
 */
export function claimFolder(dataDir: string): () => void {
  const file = `${dataDir}.owner`;
  const mine = `${process.pid} ${describeProcess(process.pid)?.started}`;
  for (const attempt of ["first", "after removing a stale claim"]) {
    try {
      writeFileSync(file, mine, { flag: "wx", mode: 0o600 });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt !== "first") throw error;
    }
    const holder = isHeld(file);
    if (holder !== undefined)
      throw new Error(
        `Process ${holder} already runs the embedded database in ${dataDir}. Stop it first, or set DATA_DIR to another folder to run a second one beside it.`,
      );
    rmSync(file, { force: true });
  }
  throw new Error(`Two processes claimed ${dataDir} at the same time. Start again.`);
}
