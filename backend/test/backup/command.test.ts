import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";
import { backupNames, newestBackup } from "../../src/backup/layout.ts";
import { backup, keygen } from "../../src/coachctl/backup.ts";
import type { Command } from "../../src/coachctl/command.ts";
import { restore } from "../../src/coachctl/restore.ts";
import { documentOf } from "../files/client.ts";
import { createDiskWorld } from "../files/world.ts";
import { uploadFile } from "../harness/client.ts";
import { ageKey, contents, emptyDatabase, temporaryFolder } from "./places.ts";

const { app, home } = await createDiskWorld();
const elsewhere = await emptyDatabase();
const [to, keys, dataDir] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];

async function run(command: Command, words: string[], environment: Record<string, string>) {
  const lines: string[] = [];
  const code = await command.run({
    environment: { NODE_ENV: "test", ...environment },
    arguments: words,
    print: (text) => void lines.push(text),
    readLine: async () => "",
  });
  return { code, text: lines.join("\n") };
}

it("an operator makes a key, backs up, and restores elsewhere", async () => {
  await uploadFile(
    app,
    home.people.org_admin.token,
    Buffer.from("a note"),
    documentOf(home, { contentType: "text/plain" }),
  );
  const { text: identity } = await run(keygen, [], {});
  const [, recipient = ""] = /# public key: (age1\S+)/.exec(identity) ?? [];
  await writeFile(join(keys, "identity.txt"), `${identity}\n`);
  const here = { DATABASE_URL: app.database.appUrl, DATA_DIR: app.config.dataDir };

  await expect(run(backup, ["--to", to], here)).rejects.toThrow("BACKUP_RECIPIENT is needed");
  const secret = { ...here, BACKUP_RECIPIENT: identity.split("\n").at(-1) ?? "" };
  const refused = await run(backup, ["--to", to], secret).catch(String);
  expect(refused).toContain("BACKUP_RECIPIENT");
  expect(refused).not.toContain("AGE-SECRET-KEY");
  await expect(run(backup, ["--to", to, "--keep", "0"], here)).rejects.toThrow("--keep");
  const made = await run(backup, ["--to", to, "--keep", "2"], { ...here, BACKUP_RECIPIENT: recipient });
  expect(made.code, made.text).toBe(0);
  const hash = /SHA-256 of its manifest {2}([0-9a-f]{64})/.exec(made.text)?.[1];

  const [name = ""] = await backupNames(to);
  const words = ["--from", join(to, name), "--identity-file", join(keys, "identity.txt"), "--verify"];
  const there = { DATABASE_URL: elsewhere.appUrl, DATA_DIR: dataDir };
  await expect(run(restore, words, there)).rejects.toThrow("DATABASE_OWNER_URL is needed");
  const before = await contents(app.deps.database.sql);
  const restored = await run(restore, words, { ...there, DATABASE_OWNER_URL: elsewhere.ownerUrl });
  expect(restored.code, restored.text).toBe(0);
  expect(restored.text).toContain(hash);
  expect(restored.text).toMatch(/1 objects, [\d.]+ s\n\d+ audit logs, 0 broken\.$/);
  expect(await contents(elsewhere.owner)).toEqual(before);
});

it("goes on by the clock, makes the one that was missed, and ends when it is stopped", async () => {
  const nightly = temporaryFolder();
  const { recipient } = await ageKey();
  const entry = fileURLToPath(new URL("../../src/coachctl.ts", import.meta.url));
  const child = spawn(process.execPath, [entry, "backup", "--to", nightly, "--daily-at", "02:00"], {
    env: { DATABASE_URL: app.database.appUrl, DATA_DIR: app.config.dataDir, BACKUP_RECIPIENT: recipient },
  });
  try {
    const ended = once(child, "exit");
    await vi.waitFor(async () => expect(await newestBackup(nightly)).toBeDefined(), 45_000);
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    expect(await backupNames(nightly)).toHaveLength(1);
  } finally {
    child.kill("SIGKILL");
  }
});
