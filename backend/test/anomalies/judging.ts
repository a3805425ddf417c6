import { expect, vi } from "vitest";
import { startTestApp, type TestApp } from "../harness/app.ts";
import { call, type Person } from "../harness/client.ts";
import { mailJobsTo } from "../harness/waiting-mails.ts";

/** An application whose log is judged when a test says so; addresses come from `x-forwarded-for`. */
export async function startJudgedApp(): Promise<TestApp> {
  const app = await startTestApp({ worker: false, env: { TRUSTED_PROXIES: "127.0.0.1" } });
  await runJob(app);
  return app;
}

/** What the clock does once a minute. */
export async function runJob(app: Pick<TestApp, "deps">): Promise<void> {
  await app.deps.schedules.find(({ name }) => name === "anomalies")?.run();
}

/** Runs the job until it has seen all there is: transactions of other databases hold it up, too. */
export async function judge(app: TestApp): Promise<void> {
  await app.deps.reads.flush();
  const waiting = () => app.deps.database.sql`
    select id from audit_event where action <> 'anomaly.detected' and xid >= (select xid from anomaly_watermark)`;
  await vi.waitFor(
    async () => {
      await runJob(app);
      expect(await waiting()).toHaveLength(0);
    },
    { timeout: 30_000, interval: 50 },
  );
}

/** Everything found so far about one subject, or of one rule. */
export const findings = (app: TestApp, about: string) =>
  app.deps.database.sql<{ log: string | null; type: string; subject: string; rule: string; count: number }[]>`
    select organization_id as log, target_type as type, target_id as subject,
      changes->>'rule' as rule, (changes->>'count')::int as count
    from audit_event where action = 'anomaly.detected' and (target_id = ${about} or changes->>'rule' = ${about})
    order by id`;

/** Mails about anomalies to somebody. */
export const mailsTo = async (app: TestApp, { email }: Pick<Person, "email">) =>
  (await mailJobsTo(app, email)).filter(({ subject }) => subject.startsWith("Unusual activity"));

/** As if time had gone by since the last findings. */
export async function later(app: TestApp, minutes: number): Promise<void> {
  await app.deps.database.sql`
    update anomaly_finding set found_at = found_at - ${minutes} * interval '1 minute',
      told_at = told_at - ${minutes} * interval '1 minute'`;
}

/** Does something often, a few at a time. */
export async function times(count: number, act: (i: number) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i += 10)
    await Promise.all(Array.from({ length: Math.min(10, count - i) }, (_, j) => act(i + j)));
}

/** Requests that are refused: settings, by somebody who may not read them. */
export const refusals = (app: TestApp, count: number, by: Person, organizationId: string, ip = "192.0.2.1") =>
  times(count, async () => {
    const { status } = await call(app, "GET", `/api/v1/organizations/${organizationId}/settings`, {
      token: by.token,
      headers: { "x-forwarded-for": ip },
    });
    expect([403, 404]).toContain(status);
  });
