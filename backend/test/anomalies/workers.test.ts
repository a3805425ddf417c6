import postgres from "postgres";
import { afterAll, describe, expect, test, vi } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { createTenant } from "../harness/client.ts";
import { findings, judge, later, mailsTo, refusals, runJob, startJudgedApp } from "./judging.ts";

const app = await startJudgedApp();
const { sql } = app.deps.database;
const owner = postgres(app.database.ownerUrl, { max: 2, onnotice: () => {} });
afterAll(() => owner.end());

test("many workers at once find it once", async () => {
  const others = await Promise.all([
    startTestApp({ worker: false, database: app.database }),
    startTestApp({ worker: false, database: app.database }),
  ]);
  const { organizationId, people } = await createTenant(app);
  await refusals(app, 20, people.coach, organizationId);
  await Promise.all(Array.from({ length: 20 }, (_, i) => runJob([app, ...others][i % 3] ?? app)));
  await judge(app);
  expect(await findings(app, people.coach.userId)).toHaveLength(1);
  expect(await mailsTo(app, people.org_admin)).toHaveLength(1);
  const counted = await Promise.all([app, ...others].map(({ deps }) => deps.metrics.read()));
  const values = counted.map(
    ({ text }) => /coaching_anomalies_total\{rule="denials-by-actor"\} (\d+)/.exec(text)?.[1],
  );
  expect(values.toSorted()).toEqual(["0", "0", "1"]);
});

test("what happened while no worker ran is judged by the time at which it happened", async () => {
  const { organizationId, people } = await createTenant(app);
  const spread = async (userId: string, minutesApart: number) => {
    for (let i = 0; i < 20; i++)
      await owner`
        insert into audit_event (id, at, organization_id, action, actor_type, actor_id, result, ip, changes)
        values (${crypto.randomUUID()}, now() - interval '2 days' + ${i * minutesApart} * interval '1 minute',
          ${organizationId}, 'x.y', 'user', ${userId}, 'denied', '192.0.2.7', '{"reason":"forbidden"}')`;
  };
  await spread(people.coach.userId, 0.2);
  await spread(people.client.userId, 5);
  await judge(app);
  expect(await findings(app, people.coach.userId)).toMatchObject([{ log: organizationId, count: 20 }]);
  expect(await findings(app, people.client.userId)).toEqual([]);
  expect(await sql`select 1 from anomaly_signal where minute < now() - interval '1 day'`).toHaveLength(0);
});

test("a transaction that commits late is counted with what happened beside it", async () => {
  const { organizationId, people } = await createTenant(app);
  const late = await owner.reserve();
  await late`begin`;
  for (let i = 0; i < 5; i++)
    await late`
      insert into audit_event (id, organization_id, action, actor_type, actor_id, result, ip, changes)
      values (${crypto.randomUUID()}, ${organizationId}, 'x.y', 'user', ${people.coach.userId}, 'denied', '192.0.2.8',
        '{"reason":"forbidden"}')`;
  await refusals(app, 15, people.coach, organizationId);
  await runJob(app);
  await runJob(app);
  expect(await findings(app, people.coach.userId)).toEqual([]);
  await late`commit`;
  late.release();
  await judge(app);
  expect(await findings(app, people.coach.userId)).toMatchObject([{ count: 20 }]);
});

describe("a worker that dies", () => {
  test("between the finding and the mail leaves neither, and the next one finds both", async () => {
    const { organizationId, people } = await createTenant(app);
    await refusals(app, 20, people.coach, organizationId);
    await owner`revoke insert on pgboss.job_common from coaching_app`;
    await owner`revoke insert on pgboss.job from coaching_app`;
    try {
      await vi.waitFor(() => expect(runJob(app)).rejects.toThrow(), 15_000);
      expect(await findings(app, people.coach.userId)).toEqual([]);
    } finally {
      await owner`grant insert on pgboss.job_common to coaching_app`;
      await owner`grant insert on pgboss.job to coaching_app`;
    }
    await judge(app);
    expect(await findings(app, people.coach.userId)).toHaveLength(1);
    expect(await mailsTo(app, people.org_admin)).toHaveLength(1);
  });
});

test("a log that is older than the mark, as after a dump loaded by hand, is judged from then on", async () => {
  const { organizationId, people } = await createTenant(app);
  await sql`update anomaly_watermark set xid = '9000000000000000000'`;
  await runJob(app);
  await later(app, 61);
  await refusals(app, 20, people.coach, organizationId);
  await judge(app);
  expect(await findings(app, people.coach.userId)).toHaveLength(1);
});
