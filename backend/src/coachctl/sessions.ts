import { sql } from "drizzle-orm";
import { session } from "../db/schema/index.ts";
import { type Command, readFlags, withDatabase } from "./command.ts";

export const revokeSessions: Command = {
  name: "sessions revoke",
  usage: "sessions revoke --all",
  summary: "Sign everybody out, everywhere, at once",
  async run(terminal) {
    const { all } = readFlags(terminal, { all: { type: "boolean", default: false } });
    if (!all) throw new Error("--all is needed: this signs everybody out");
    return withDatabase(terminal, async ({ db }) => {
      const ended = await db.delete(session).where(sql`true`).returning({ id: session.id });
      terminal.print(`${ended.length} auth sessions ended.`);
      return 0;
    });
  },
};
