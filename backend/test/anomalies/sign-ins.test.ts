import { expect, test } from "vitest";
import { call, createPerson, createPlatformAdmin, createTenant, password } from "../harness/client.ts";
import { findings, judge, later, mailsTo, startJudgedApp, times } from "./judging.ts";

const app = await startJudgedApp();
const platformAdmin = await createPlatformAdmin(app);
const { sql } = app.deps.database;

const signIn = (email: string, ip: string, secret = password) =>
  call(app, "POST", "/api/auth/sign-in/email", {
    body: { email, password: secret },
    headers: { "x-forwarded-for": ip },
  });

test("one person who signs in from many networks within an hour is told to the platform admins only", async () => {
  const { people } = await createTenant(app);
  const { email, userId } = people.coach;
  for (const ip of ["203.0.113.1", "203.0.113.200", "198.51.100.7"]) await signIn(email, ip);
  await judge(app);
  // With the harness's own sign-in from 127.0.0.1 these are three networks.
  expect(await findings(app, userId)).toEqual([]);
  await signIn(email, "2001:db8:1:2::3");
  await judge(app);
  expect(await findings(app, userId)).toEqual([
    { log: null, type: "user", subject: userId, rule: "sign-ins-from-many-networks", count: 4 },
  ]);
  expect((await mailsTo(app, platformAdmin)).at(-1)?.text).toContain(`Serious: 4 networks`);
  for (const person of Object.values(people)) expect(await mailsTo(app, person)).toEqual([]);
});

test("one network that fails at many accounts is found, whether they are there or not", async () => {
  const { email, userId } = await createPerson(app);
  await times(9, (i) => signIn(`nobody-${i}@example.test`, `192.0.2.${i}`, "a wrong guess"));
  await times(3, () => signIn("nobody-1@example.test", "192.0.2.9", "a wrong guess"));
  await judge(app);
  expect(await findings(app, "192.0.2.0/24")).toEqual([]);
  await signIn(email.toUpperCase(), "192.0.2.9", "a wrong guess");
  await judge(app);
  expect(await findings(app, "192.0.2.0/24")).toEqual([
    { log: null, type: "network", subject: "192.0.2.0/24", rule: "password-spraying", count: 10 },
  ]);
  const targets = await sql<{ id: string }[]>`
    select target_id as id from audit_event where action = 'user.sign_in' and result = 'denied'`;
  expect(targets.filter(({ id }) => id === userId)).toHaveLength(1);
  for (const { id } of targets) expect(id).not.toContain("@");
});

test("many networks that fail at one account are found by the account", async () => {
  const { email, userId } = await createPerson(app);
  for (let i = 0; i < 4; i++) await signIn(email, `10.20.${i}.1`, "a wrong guess");
  await judge(app);
  expect(await findings(app, userId)).toEqual([]);
  await later(app, 15);
  await signIn(email, "10.20.9.1", "a wrong guess");
  await judge(app);
  expect(await findings(app, userId)).toMatchObject([
    { log: null, type: "account", rule: "distributed-guessing", count: 5 },
  ]);
  expect((await mailsTo(app, platformAdmin)).at(-1)?.text).toContain(`account ${userId}`);
});

test("an address that is none is counted as it is, and stops nothing", async () => {
  const { userId } = await createPerson(app);
  for (const ip of ["unknown", "10.30.1.1, 10.30.1.2", "", "10.31.1.1", "10.32.1.1"])
    await sql`
      insert into audit_event (id, actor_type, action, result, target_type, target_id, ip, changes)
      values (${crypto.randomUUID()}, 'user', 'user.sign_in', 'denied', 'account', ${userId}, ${ip},
        ${sql.json({ reason: "INVALID_EMAIL_OR_PASSWORD" })})`;
  await judge(app);
  expect(await findings(app, userId)).toMatchObject([{ rule: "distributed-guessing", count: 5 }]);
});
