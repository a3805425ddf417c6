import { describe, expect, test } from "vitest";
import { call, createPlatformAdmin, createTenant } from "../harness/client.ts";
import { findings, judge, later, mailsTo, refusals, runJob, startJudgedApp, times } from "./judging.ts";

const app = await startJudgedApp();
const platformAdmin = await createPlatformAdmin(app);

describe("what an hour brings", () => {
  test("after the cool-down the same subject is told again, if it goes on", async () => {
    const { organizationId, people } = await createTenant(app);
    await refusals(app, 20, people.coach, organizationId);
    await judge(app);
    await later(app, 61);
    await judge(app);
    expect(await findings(app, people.coach.userId)).toHaveLength(1);
    await refusals(app, 1, people.coach, organizationId);
    await judge(app);
    expect(await findings(app, people.coach.userId)).toMatchObject([{ count: 20 }, { count: 21 }]);
    expect(await mailsTo(app, people.org_admin)).toHaveLength(2);
  });

  test("a storm of findings is one mail, then one in ten minutes with all that waited", async () => {
    const { organizationId, people } = await createTenant(app);
    for (const person of [people.coach, people.client, people.manager]) {
      await times(20, () =>
        call(app, "POST", `/api/v1/organizations/${organizationId}/suspend`, { token: person.token }),
      );
      await judge(app);
      expect(await findings(app, person.userId)).toHaveLength(1);
    }
    expect(await mailsTo(app, people.org_admin)).toHaveLength(1);
    await later(app, 11);
    await runJob(app);
    await runJob(app);
    const [, second, ...more] = await mailsTo(app, people.org_admin);
    expect(more).toEqual([]);
    expect(second?.text).not.toContain(people.coach.userId);
    for (const { userId } of [people.client, people.manager]) expect(second?.text).toContain(userId);
  });
});

test("nobody is written to about themselves; where that leaves nobody, the platform admins are", async () => {
  const { organizationId, people } = await createTenant(app);
  await later(app, 15);
  await times(20, () =>
    call(app, "POST", `/api/v1/organizations/${organizationId}/suspend`, { token: people.org_admin.token }),
  );
  await judge(app);
  expect(await findings(app, people.org_admin.userId)).toMatchObject([{ log: organizationId }]);
  expect(await mailsTo(app, people.org_admin)).toEqual([]);
  expect((await mailsTo(app, platformAdmin)).at(-1)?.text).toContain(people.org_admin.userId);
});
