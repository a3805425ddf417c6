import postgres from "postgres";
import { afterAll, expect, test } from "vitest";
import { createDatabase } from "../../src/db/client.ts";
import { rules } from "../../src/features/anomalies/anomalies.rules.ts";
import { collect, forget, judge, nextStretch } from "../../src/features/anomalies/anomalies.signals.ts";
import { startTestApp } from "../harness/app.ts";

const app = await startTestApp({ worker: false });
const owner = postgres(app.database.ownerUrl, { max: 1 });
afterAll(() => owner.end());

test("new events and grown signals are found by indexes, however long the log is", async () => {
  const sent: string[] = [];
  const database = createDatabase(app.database.appUrl, {
    max: 1,
    onStatement: (text) => void sent.push(text),
  });
  await database.db.transaction(async (tx) => {
    const stretch = await nextStretch(tx);
    if (!stretch) throw new Error("nobody else judges");
    for (const rule of rules) await collect(tx, rule, stretch);
    await judge(tx, rules);
    await forget(tx);
  });
  await database.close();
  const looked = sent.filter((text) => /from "?(audit_event|anomaly_signal)/.test(text));
  expect(looked).toHaveLength(rules.filter(({ events }) => events).length + 2);
  // What PostgreSQL does where reading whole tables is out of the question, as it is once they are long.
  await owner`set enable_seqscan = off`;
  for (const text of looked) {
    const rows = await owner.unsafe(`explain (generic_plan) ${text}`);
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    expect(plan, text).not.toMatch(/Seq Scan on (audit_event|anomaly_signal)/);
    expect(plan, text).toMatch(/audit_event_xid_idx|anomaly_signal_(fresh|minute)_idx/);
  }
});
