import { expect, test } from "vitest";
import { call, createPlatformAdmin, createTenant } from "../harness/client.ts";
import { findings, judge, later, mailsTo, refusals, startJudgedApp } from "./judging.ts";

const app = await startJudgedApp();
const platformAdmin = await createPlatformAdmin(app);
const { sql } = app.deps.database;

test("a burst of refusals of one person is told once, to the org_admins and to nobody else", async () => {
  const { organizationId, people } = await createTenant(app);
  const other = await createTenant(app);
  await refusals(app, 19, people.coach, organizationId);
  await judge(app);
  expect(await findings(app, people.coach.userId)).toEqual([]);

  await refusals(app, 1, people.coach, organizationId);
  await judge(app);
  const found = { log: organizationId, type: "user", subject: people.coach.userId, rule: "denials-by-actor" };
  expect(await findings(app, people.coach.userId)).toEqual([{ ...found, count: 20 }]);
  const [mail] = await mailsTo(app, people.org_admin);
  expect(mail?.text).toContain(
    `20 refused requests of one person, within 10 minutes (user ${found.subject})`,
  );
  for (const person of [people.manager, people.coach, people.client, other.people.org_admin, platformAdmin])
    expect(await mailsTo(app, person)).toEqual([]);

  await refusals(app, 25, people.coach, organizationId);
  await judge(app);
  expect(await findings(app, people.coach.userId)).toHaveLength(1);
  expect(await mailsTo(app, people.org_admin)).toHaveLength(1);
});

test("it is read in the log of the organization, and there only", async () => {
  const { organizationId, people } = await createTenant(app);
  const other = await createTenant(app);
  await refusals(app, 20, people.client, organizationId);
  await judge(app);
  const read = async (path: string, token: string) => {
    const { status, json } = await call(app, "GET", `${path}?action=anomaly.detected`, { token });
    return status === 200 ? json.data : status;
  };
  const log = (id: string) => `/api/v1/organizations/${id}/audit-events`;
  const told = await read(log(organizationId), people.org_admin.token);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({
    actor: { type: "system", id: null },
    target: { type: "user", id: people.client.userId },
    changes: { rule: "denials-by-actor", count: 20, minutes: 10, severity: "medium" },
  });
  expect(await read(log(organizationId), people.client.token)).toEqual([]);
  expect(await read(log(other.organizationId), other.people.org_admin.token)).toEqual([]);
  expect(await read(log(organizationId), other.people.org_admin.token)).toBe(404);
});

test("an attack on another tenant is the platform's business: that tenant learns nothing", async () => {
  const { people } = await createTenant(app);
  const victim = await createTenant(app);
  await later(app, 15);
  const before = (await mailsTo(app, platformAdmin)).length;
  await refusals(app, 20, people.org_admin, victim.organizationId);
  await judge(app);
  expect(await findings(app, people.org_admin.userId)).toMatchObject([{ log: null, count: 20 }]);
  const mails = await mailsTo(app, platformAdmin);
  expect(mails).toHaveLength(before + 1);
  expect(mails.at(-1)?.subject).toBe("Unusual activity in the platform");
  for (const { email } of [...Object.values(victim.people), ...Object.values(people)])
    expect(await mailsTo(app, { email })).toEqual([]);
  const inVictimsLog = await sql`
    select id from audit_event where organization_id = ${victim.organizationId}`;
  expect(inVictimsLog).toHaveLength(0);
});

test("people of one network who are refused together are found by their network", async () => {
  const { organizationId, people } = await createTenant(app);
  const crowd = [people.coach, people.client];
  for (const [i, person] of crowd.entries()) {
    // Below the threshold of each one, from neighbouring addresses.
    await refusals(app, 15, person, organizationId, `203.0.113.${i}`);
  }
  await judge(app);
  expect(await findings(app, "203.0.113.0/24")).toEqual([]);
  await refusals(app, 20, people.coach, organizationId, "203.0.113.77");
  await judge(app);
  expect(await findings(app, "203.0.113.0/24")).toMatchObject([
    { log: organizationId, type: "network", rule: "denials-by-network", count: 50 },
  ]);
});

test("a credential to be shown again, and a suspended membership, are no refusals to speak of", async () => {
  const { organizationId, people } = await createTenant(app);
  await sql`update member set status = 'suspended' where user_id = ${people.coach.userId}`;
  await refusals(app, 60, people.coach, organizationId, "198.18.0.1");
  await judge(app);
  expect(await findings(app, people.coach.userId)).toEqual([]);
});
