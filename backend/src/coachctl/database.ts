import { databaseUrls } from "../config/database-urls.ts";
import { migrate } from "../db/migrate.ts";
import { type Command, readFlags, withEmbedded } from "./command.ts";

export const migrateDatabase: Command = {
  name: "migrate",
  usage: "migrate   (connects by DATABASE_OWNER_URL)",
  summary: "Bring the schema up to date",
  async run(terminal) {
    readFlags(terminal, {});
    const { ownerUrl } = databaseUrls(withEmbedded(terminal));
    if (!ownerUrl)
      throw new Error("DATABASE_OWNER_URL is needed: migrations run as the owner, coaching_owner");
    await migrate({ ownerUrl });
    terminal.print("The schema is up to date.");
    return 0;
  },
};
