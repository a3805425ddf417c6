import { sealAuditEvents, verifyAuditLog } from "../db/audit-seal.ts";
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
        if (!result.valid) broken += 1;
        terminal.print(
          result.valid ? `intact  ${log}  ${result.checked} events` : `BROKEN  ${log}  ${result.firstBroken}`,
        );
      }
      terminal.print(`${logs.length} logs, ${broken} broken.`);
      return broken === 0 ? 0 : 1;
    });
  },
};
