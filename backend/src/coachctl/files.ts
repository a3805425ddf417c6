import { createStorage } from "../adapters/storage/create.ts";
import { parseEnv } from "../config/parse-env.ts";
import { findMissing } from "../features/files/files.missing.ts";
import { isPlausible, removeOrphans, takeStock } from "../features/files/files.orphans.ts";
import { type Command, readFlags, withDatabase, withEmbedded } from "./command.ts";

export const checkFiles: Command = {
  name: "files check",
  usage: "files check [--remove]   (--remove: objects without a row go, however many)",
  summary: "Compare the rows of files with the objects of the store, both ways",
  async run(terminal) {
    const { remove } = readFlags(terminal, { remove: { type: "boolean", default: false } });
    const storage = createStorage(parseEnv(withEmbedded(terminal)));
    try {
      return await withDatabase(terminal, async ({ db }) => {
        const { files, missing, ids } = await findMissing({ db, storage });
        terminal.print(`${files} files, ${missing} without bytes.`);
        for (const id of ids) terminal.print(`  no bytes  ${id}`);
        const stock = await takeStock({ db, storage });
        terminal.print(`${stock.objects} objects, ${stock.orphans} without a row for more than a day.`);
        for (const key of stock.keys.slice(0, 100)) terminal.print(`  no row  ${key}`);
        if (!isPlausible(stock))
          terminal.print("These are too many to be leftovers: the daily sweep leaves them alone.");
        if (remove) terminal.print(`${await removeOrphans({ db, storage }, stock.keys)} objects removed.`);
        return missing === 0 ? 0 : 1;
      });
    } finally {
      await storage.close();
    }
  },
};
