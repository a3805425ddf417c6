import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { createStorage } from "../adapters/storage/create.ts";
import { createBackup } from "../backup/create.ts";
import { parseEnv } from "../config/parse-env.ts";
import { type Command, readFlags, withEmbedded } from "./command.ts";

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
  usage: "backup --to <folder> [--keep <number>]   (--keep: the newest so many good backups stay)",
  summary: "Back up database and files, encrypted to BACKUP_RECIPIENT",
  async run(terminal) {
    const { to, keep } = readFlags(terminal, { to: { type: "string" }, keep: { type: "string" } });
    if (!to) throw new Error("--to is needed");
    if (keep !== undefined && !/^[1-9]\d{0,5}$/.test(keep)) throw new Error("--keep takes a number from 1");
    const config = parseEnv(withEmbedded(terminal));
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
        keep: keep === undefined ? undefined : Number(keep),
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
  },
};

export const secondsSince = (began: number): string => ((performance.now() - began) / 1000).toFixed(1);
