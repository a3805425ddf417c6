import { readFile } from "node:fs/promises";
import { createDataKeys } from "../adapters/data-keys/aes-gcm.ts";
import { countSealedJobs } from "../adapters/queue/sealed-jobs.ts";
import { createStorage } from "../adapters/storage/create.ts";
import { erasers, readErasures } from "../backup/erasures.ts";
import { restoreBackup } from "../backup/restore.ts";
import type { Config } from "../config/config.ts";
import { parseEnv } from "../config/parse-env.ts";
import { createDatabase } from "../db/client.ts";
import { secondsSince } from "./backup.ts";
import { type Command, readFlags, withEmbedded } from "./command.ts";

export const restore: Command = {
  name: "restore",
  usage: "restore --from <backup> --identity-file <file> [--verify] [--erasures <file>]",
  summary: "Bring a backup back into an empty database and an empty store, as the owner",
  async run(terminal) {
    const flags = readFlags(terminal, {
      from: { type: "string" },
      "identity-file": { type: "string" },
      verify: { type: "boolean", default: false },
      erasures: { type: "string" },
    });
    const { from, verify } = flags;
    const identityFile = flags["identity-file"];
    if (!from || !identityFile) throw new Error("--from and --identity-file are needed");
    const config = parseEnv(withEmbedded(terminal));
    const { ownerUrl } = config.database;
    if (!ownerUrl) throw new Error("DATABASE_OWNER_URL is needed: only coaching_owner may restore");
    const began = performance.now();
    const storage = createStorage(config);
    try {
      const restored = await restoreBackup({
        ownerUrl,
        storage,
        from,
        identities: await readFile(identityFile, "utf8"),
        verify,
        erasures: flags.erasures ? await readErasures(flags.erasures, erasers) : [],
        erasers,
      });
      const { createdAt, objects } = restored.manifest;
      terminal.print(`SHA-256 of its manifest  ${restored.manifestSha256}`);
      terminal.print(
        `State of ${createdAt}: ${restored.rows} rows, ${restored.objects} objects, ${secondsSince(began)} s`,
      );
      if (objects.missing > 0) terminal.print(`${objects.missing} objects were missing before the backup.`);
      const broken = restored.logs.filter(({ valid }) => !valid);
      if (verify) {
        terminal.print(`${restored.logs.length} audit logs, ${broken.length} broken.`);
        for (const line of await closedMails(ownerUrl, config)) terminal.print(line);
      }
      return broken.length === 0 ? 0 : 1;
    } finally {
      await storage.close();
    }
  },
};

/** What the keys at hand cannot open. The restore is whole all the same: the right keys may follow. */
async function closedMails(ownerUrl: string, { dataKeys }: Pick<Config, "dataKeys">): Promise<string[]> {
  const database = createDatabase(ownerUrl, { max: 1, patient: true });
  try {
    const found = await countSealedJobs(database.db, createDataKeys(dataKeys));
    return found
      .filter(({ unopened }) => unopened > 0)
      .map(
        ({ version, unopened }) =>
          `WARNING: ${unopened} mails in the queue need data key ${version ?? "unknown"} of then, which DATA_KEYS does not hold.`,
      );
  } finally {
    await database.close();
  }
}
