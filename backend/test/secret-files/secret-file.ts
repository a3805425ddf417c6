import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

export const freshSecret = (): string => randomBytes(36).toString("base64url");

/** A folder with one file for each secret, as Docker mounts them. Removed after the file's last test. */
export function secretFolder() {
  const folder = mkdtempSync(join(tmpdir(), "coaching-secrets-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, content: string): void => writeFileSync(join(folder, name), content);
  return {
    folder,
    write,
    /** Writes it, and says where it is: the value of `NAME_FILE`. */
    file(name: string, content: string): string {
      write(name, content);
      return join(folder, name);
    },
  };
}
