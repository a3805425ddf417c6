import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Connections to the running embedded database, with passwords. */
export interface EmbeddedRuntime {
  /** As coaching_app. */
  readonly databaseUrl: string;
  /** As coaching_owner. */
  readonly databaseOwnerUrl: string;
}

const fileIn = (dataFolder: string) => join(dataFolder, "runtime.json");

/** Tells the operator's commands where the database listens. @returns takes it back */
export function announceRuntime(dataFolder: string, runtime: EmbeddedRuntime): () => void {
  const file = fileIn(dataFolder);
  writeFileSync(`${file}.new`, JSON.stringify(runtime, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return () => rmSync(file, { force: true });
}

/** The running embedded database of a data folder (`DATA_DIR`), or undefined while there is none. */
export function readRuntime(dataFolder: string): EmbeddedRuntime | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(dataFolder), "utf8")) as EmbeddedRuntime;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
