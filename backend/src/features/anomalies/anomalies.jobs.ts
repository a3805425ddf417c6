import type { AuditLog } from "../../adapters/audit/port.ts";
import type { QueuePort, Schedule } from "../../adapters/queue/port.ts";
import type { Database } from "../../db/client.ts";
import { forgetOld, onlyNews, takeUntold } from "./anomalies.findings.ts";
import { createLetters } from "./anomalies.letters.ts";
import { rules } from "./anomalies.rules.ts";
import { collect, forget, judge, nextStretch } from "./anomalies.signals.ts";

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly queue: QueuePort;
  readonly frontendUrl: string;
  /** Told the rule of every finding, once it is certain. */
  readonly onFinding: (rule: string) => void;
}

/**
 * Judges what is new in the audit log, and what was counted beside it, once a minute. Everything is one
 * transaction: a worker that dies leaves the work as it was, and what was missed while none ran is judged by the time
 * at which it happened.
 */
export function createAnomalyDetection({ db, audit, queue, frontendUrl, onFinding }: Deps): Schedule {
  const writeLetters = createLetters({ queue, frontendUrl, rules });
  const byName = new Map(rules.map((rule) => [rule.name, rule]));

  return {
    name: "anomalies",
    cron: "* * * * *",
    async run() {
      const news = await db.transaction(async (tx) => {
        const stretch = await nextStretch(tx);
        if (!stretch) return [];
        for (const rule of rules) await collect(tx, rule, stretch);
        const found = await onlyNews(tx, await judge(tx, rules));
        for (const { rule, log, subject, count } of found) {
          const known = byName.get(rule);
          await audit.record(tx, null, {
            action: "anomaly.detected",
            organizationId: log === "platform" ? null : log,
            target: { type: known?.subject ?? "unknown", id: subject },
            changes: { rule, count, minutes: known?.minutes, severity: known?.severity },
          });
        }
        await writeLetters(tx, await takeUntold(tx));
        await forget(tx);
        await forgetOld(tx);
        return found;
      });
      for (const { rule } of news) onFinding(rule);
    },
  };
}
