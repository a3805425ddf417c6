import { mkdir } from "node:fs/promises";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { describeError } from "../adapters/log/log.ts";
import { createStorage } from "../adapters/storage/create.ts";
import { createBackup } from "../backup/create.ts";
import { backUpDaily, readTimeOfDay, retryMs } from "../backup/daily.ts";
import { newestBackup } from "../backup/layout.ts";
import { parsePart } from "../config/parse-part.ts";
import { type Command, readFlags, type Terminal, withEmbedded } from "./command.ts";

export const keygen: Command = {
  name: "backup keygen",
  usage: "backup keygen > identity.txt   (keep it off this host; its public key is BACKUP_RECIPIENT)",
  summary: "Print a fresh age key for backups",
  async run(terminal) {
    readFlags(terminal, {});
    const identity = await generateX25519Identity();
    terminal.print(`# public key: ${await identityToRecipient(identity)}\n${identity}`);
    return 0;
  },
};

export const backup: Command = {
  name: "backup",
  usage:
    "backup --to <folder> [--keep <number>] [--daily-at <HH:MM>]   (--keep: the newest so many good backups stay; --daily-at, in UTC: goes on until it is stopped)",
  summary: "Back up database and files, encrypted to BACKUP_RECIPIENT",
  async run(terminal) {
    const {
      to,
      keep,
      "daily-at": dailyAt,
    } = readFlags(terminal, {
      to: { type: "string" },
      keep: { type: "string" },
      "daily-at": { type: "string" },
    });
    if (!to) throw new Error("--to is needed");
    if (keep !== undefined && !/^[1-9]\d{0,5}$/.test(keep)) throw new Error("--keep takes a number from 1");
    const once = () => backUpOnce(terminal, to, keep === undefined ? undefined : Number(keep));
    if (dailyAt === undefined) return once();
    const at = readTimeOfDay(dailyAt);
    await mkdir(to, { recursive: true, mode: 0o700 });
    await backUpDaily({
      at,
      newest: () => newestBackup(to),
      make: async () => void (await once()),
      failed: (error) =>
        terminal.print(
          `backup failed, next try in ${retryMs / 60_000} minutes: ${describeError(error).message}`,
        ),
      signal: untilStopped(),
    });
    return 0;
  },
};

/** It reads rows and bytes: the secrets of a server have no business in its process. */
export const needed = [
  "DATABASE_URL",
  "DATABASE_PASSWORD",
  "DATA_DIR",
  "STORAGE_DRIVER",
  "S3_ENDPOINT",
  "S3_REGION",
  "S3_BUCKET",
  "S3_FORCE_PATH_STYLE",
  "S3_ACCESS_KEY_ID",
  "S3_SECRET_ACCESS_KEY",
  "BACKUP_RECIPIENT",
] as const;

async function backUpOnce(terminal: Terminal, to: string, keep: number | undefined): Promise<number> {
  // Anew each time: a secret's file may have changed since.
  const config = parsePart(needed, withEmbedded(terminal));
  if (config.backupRecipients.length === 0)
    throw new Error("BACKUP_RECIPIENT is needed: backups are never written in the open");
  const began = performance.now();
  const storage = createStorage(config);
  try {
    const made = await createBackup({
      databaseUrl: config.database.url,
      storage,
      to,
      recipients: config.backupRecipients,
      keep,
      version: config.version,
    });
    const { tables, objects } = made.manifest;
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    terminal.print(`${made.name}  ${rows} rows, ${objects.count} objects, ${secondsSince(began)} s`);
    terminal.print(`SHA-256 of its manifest  ${made.manifestSha256}`);
    if (objects.missing > 0)
      terminal.print(`${objects.missing} objects are missing in the store, too: see coachctl files check.`);
    for (const name of made.removed) terminal.print(`removed  ${name}`);
    for (const name of made.unreadable)
      terminal.print(
        `no good backup  ${name}: look into it; until it is gone, no bytes of files are removed`,
      );
    return made.unreadable.length === 0 ? 0 : 1;
  } finally {
    await storage.close();
  }
}

/** Until SIGTERM or SIGINT. A second one ends a backup half-way, which counts for nothing then. */
function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
  return stop.signal;
}

export const secondsSince = (began: number): string => ((performance.now() - began) / 1000).toFixed(1);
