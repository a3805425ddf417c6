import { redriveDeadLetters } from "../adapters/queue/redrive.ts";
import { databaseUrls } from "../config/database-urls.ts";
import { type Command, readFlags, withEmbedded } from "./command.ts";

export const redrive: Command = {
  name: "jobs redrive",
  usage: "jobs redrive",
  summary: "Try again what failed for good: mails and deletions that lie among the dead letters",
  async run(terminal) {
    readFlags(terminal, {});
    const { url } = databaseUrls(withEmbedded(terminal));
    if (!url) throw new Error("DATABASE_URL is needed: no embedded database runs in DATA_DIR");
    terminal.print(`${await redriveDeadLetters(url)} jobs are in their queues again.`);
    return 0;
  },
};
