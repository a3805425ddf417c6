import {
  chmodSync,
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import type { Environment } from "../config/variable.ts";

export interface SecretFile {
  read(): string;
  /**
   * Of two runs at once one would undo what servers have read, and use, already.
   *
   * @throws Error when somebody else has written meanwhile
   */
  assertHas(text: string): void;
  /** Writes, unless somebody else has meanwhile, as `assertHas` says. */
  replace(before: string, text: string): void;
}

/** A file that its owner made read-only, as `docker/make-secrets.sh` does, is writable for as long as it takes. */
function openForWriting(path: string): number {
  try {
    return openSync(path, "r+");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EACCES")) throw error;
    const { mode } = statSync(path);
    chmodSync(path, mode | 0o200);
    try {
      return openSync(path, "r+");
    } finally {
      chmodSync(path, mode);
    }
  }
}

/**
 * The file behind `NAME_FILE`. Written in place and not replaced: a container that has it mounted would go on seeing
 * the old one. Servers take nothing that is not the same twice, so half of it does no harm.
 *
 * @throws Error when there is no such file, or none that can be written
 */
export function secretFile(environment: Environment, name: string): SecretFile {
  const path = environment[`${name}_FILE`];
  if (!path)
    throw new Error(`${name} does not come from a file: set ${name}_FILE, or change it by hand and restart`);
  const open = (): number => {
    try {
      return openForWriting(path);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
      throw new Error(
        `The file that ${name}_FILE names cannot be written (${code}), nothing is changed: run this where the file is kept, as its owner`,
      );
    }
  };
  const read = (): string => readFileSync(path, "utf8").replace(/\r?\n$/, "");
  function assertHas(text: string): void {
    if (read() !== text)
      throw new Error(
        `The file that ${name}_FILE names was changed meanwhile: once nobody else is at it, run this again`,
      );
  }
  closeSync(open());
  return {
    read,
    assertHas,
    replace(before, text) {
      assertHas(before);
      const bytes = Buffer.from(`${text}\n`);
      const file = open();
      try {
        writeSync(file, bytes, 0, bytes.length, 0);
        ftruncateSync(file, bytes.length);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    },
  };
}
