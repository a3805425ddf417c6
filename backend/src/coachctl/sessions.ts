import { sql } from "drizzle-orm";
import { auditEvent, session, user, verification } from "../db/schema/index.ts";
import { type Command, readFlags, withDatabase } from "./command.ts";

export const revokeSessions: Command = {
  name: "sessions revoke",
  usage: "sessions revoke --all",
  summary: "Sign everybody out, everywhere, at once, and forget every trusted device",
  async run(terminal) {
    const { all } = readFlags(terminal, { all: { type: "boolean", default: false } });
    if (!all) throw new Error("--all is needed: this signs everybody out");
    return withDatabase(terminal, async ({ db }) => {
      const ended = await db.transaction(async (tx) => {
        // Waits for who is about to get a session, and has the others wait.
        await tx.execute(sql`lock table ${user} in exclusive mode`);
        const gone = await tx.delete(session).where(sql`true`).returning({ id: session.id });
        // Trusted devices, pending challenges, links to reset a password.
        await tx.delete(verification).where(sql`true`);
        await tx.insert(auditEvent).values({
          action: "platform.all_sessions_revoked",
          actorType: "system",
          result: "allowed",
          changes: { ended: gone.length },
        });
        return gone;
      });
      terminal.print(`${ended.length} auth sessions ended.`);
      return 0;
    });
  },
};
