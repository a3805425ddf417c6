import { sealAuditEvents } from "../db/audit-seal.ts";
import { type Broken, type Flaw, verifyAuditLog } from "../db/audit-verify.ts";
import { auditSeal } from "../db/schema/index.ts";
import { type Command, readFlags, withDatabase } from "./command.ts";

export const verifyAudit: Command = {
  name: "audit verify",
  usage: "audit verify",
  summary: "Seal what is not sealed yet, and recompute the hash chain of every audit log",
  async run(terminal) {
    readFlags(terminal, {});
    return withDatabase(terminal, async ({ db }) => {
      await sealAuditEvents(db);
      const logs = await db.selectDistinct({ organizationId: auditSeal.organizationId }).from(auditSeal);
      let broken = 0;
      for (const { organizationId } of logs) {
        const result = await verifyAuditLog(db, organizationId);
        const log = organizationId ?? "platform";
        if (result.firstBroken) broken += 1;
        terminal.print(
          result.firstBroken
            ? `BROKEN  ${log}  ${describe(result.firstBroken)}; ${result.checked} events before it are intact`
            : `intact  ${log}  ${result.checked} events`,
        );
      }
      terminal.print(`${logs.length} logs, ${broken} broken.`);
      return broken === 0 ? 0 : 1;
    });
  },
};

const words: Readonly<Record<Flaw, string>> = {
  seal_missing: "is missing",
  seal_unlinked: "does not follow the one before",
  events_missing: "events are missing",
  events_added: "events were added",
  contents_changed: "its contents were changed",
};

function describe({ seal, problem, sealedAt, afterEventId, upToEventId }: Broken): string {
  const from = afterEventId ? `after event ${afterEventId}` : "from the first event";
  const to = upToEventId ? ` up to ${upToEventId}` : "";
  const made = sealedAt ? `, made ${sealedAt}` : "";
  return `seal ${seal} (${from}${to}${made}): ${words[problem]}`;
}
