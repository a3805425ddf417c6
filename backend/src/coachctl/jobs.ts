import { redriveDeadLetters } from "../adapters/queue/redrive.ts";
import { type Command, databaseUrlOf, readFlags } from "./command.ts";

export const redrive: Command = {
  name: "jobs redrive",
  usage: "jobs redrive",
  summary: "Try again what failed for good: mails and deletions that lie among the dead letters",
  async run(terminal) {
    readFlags(terminal, {});
    terminal.print(`${await redriveDeadLetters(databaseUrlOf(terminal))} jobs are in their queues again.`);
    return 0;
  },
};
