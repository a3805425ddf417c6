import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { fingerprint } from "../../src/config/fingerprint.ts";
import { afterwards } from "../harness/afterwards.ts";
import type { ServerProcess } from "../harness/server-process.ts";
import { freshSecret } from "../secret-files/secret-file.ts";
import { createKey } from "../storage/s3.keys.ts";
import { startMailServer } from "./mail-server.ts";

const patience = { timeout: 60_000, interval: 100 };

/** The secrets of an installation that are made by others, and how an operator changes them by hand. */
export async function createForeignSecrets(folder: string) {
  const pathOf = (name: string) => join(folder, name.toLowerCase());
  const read = (name: string): string => readFileSync(pathOf(name), "utf8").trim();
  function write(name: string, text: string): void {
    if (name !== "SMTP_PASS") chmodSync(pathOf(name), 0o644);
    writeFileSync(pathOf(name), text);
  }

  const keys = { S3: await createKey("ci"), S3_UPLOAD: await createKey("uploader") };
  afterwards(() => Promise.all(Object.values(keys).map(({ remove }) => remove())));
  for (const [prefix, { id, secret }] of Object.entries(keys)) {
    write(`${prefix}_ACCESS_KEY_ID`, id);
    write(`${prefix}_SECRET_ACCESS_KEY`, secret);
  }
  const first = freshSecret();
  write("SMTP_PASS", first);
  const mailServer = await startMailServer(first);
  afterwards(mailServer.stop);

  /** Until each log says so. */
  async function taken(servers: readonly ServerProcess[], ...names: string[]): Promise<void> {
    for (const name of names) {
      const line = `"secret":"${name}","fingerprint":"${await fingerprint(name, read(name))}"`;
      await vi.waitFor(() => {
        for (const { output } of servers) expect(output().includes(line), name).toBe(true);
      }, patience);
    }
  }

  return {
    mailServer,
    taken,
    /** The first of those in the file. */
    newest: (name: string): string =>
      read(name)
        .split(",")[0]
        ?.replace(/^[^:]*:/, "") ?? "",
    async changeMailPassword(servers: readonly ServerProcess[]): Promise<void> {
      const next = freshSecret();
      mailServer.change(next);
      // Mails meet the password from before, and wait.
      await vi.waitFor(() => expect(mailServer.refused()).toBeGreaterThan(0), patience);
      write("SMTP_PASS", next);
      await taken(servers, "SMTP_PASS");
    },
    /** @param settled resolves once nobody has a URL any more that was signed before */
    async changeStoreKey(
      servers: readonly ServerProcess[],
      prefix: keyof typeof keys,
      settled: () => Promise<void>,
    ): Promise<void> {
      const old = keys[prefix];
      keys[prefix] = await createKey(prefix === "S3" ? "ci" : "uploader");
      write(`${prefix}_ACCESS_KEY_ID`, keys[prefix].id);
      write(`${prefix}_SECRET_ACCESS_KEY`, keys[prefix].secret);
      await taken(servers, `${prefix}_ACCESS_KEY_ID`, `${prefix}_SECRET_ACCESS_KEY`);
      await settled();
      await old.remove();
    },
  };
}
