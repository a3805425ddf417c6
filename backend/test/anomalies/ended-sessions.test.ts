import { createHash } from "node:crypto";
import { expect, onTestFinished, test, vi } from "vitest";
import {
  call,
  createPerson,
  createPlatformAdmin,
  createTenant,
  type Person,
  password,
} from "../harness/client.ts";
import { findings, judge, later, mailsTo, startJudgedApp } from "./judging.ts";

const app = await startJudgedApp();
const platformAdmin = await createPlatformAdmin(app);
const { sql } = app.deps.database;

const use = async (token: string, headers: Record<string, string> = {}, path = "/api/v1/me") => {
  const { status } = await call(app, "GET", path, { token, headers });
  expect(status).toBe(401);
};
const uses = (person: Person) => sql<
  { reason: string; actor_id: string | null; organization_id: string | null }[]
>`
  select changes->>'reason' as reason, actor_id, organization_id from audit_event
  where action = 'user.ended_session_used' and target_id = ${person.userId} order by id`;
const rawOf = ({ token }: Person): string => token.split(".")[0] ?? "";
const hashOf = (person: Person): string => createHash("sha256").update(rawOf(person)).digest("hex");
/** The clock of the limits stands, from here to the end of the test, but for `everyThreeSeconds`. */
function stopTheClock(): void {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
}
async function everyThreeSeconds(times: number, work: (turn: number) => Promise<void>): Promise<void> {
  for (let turn = 0; turn < times; turn++) {
    vi.advanceTimersByTime(3000);
    await work(turn);
  }
}
const thief = { "x-forwarded-for": "203.0.113.66", "user-agent": "Thief/1" };
const event = { actor_id: null, organization_id: null };

const endings: Record<string, (person: Person) => Promise<unknown>> = {
  "signed out": ({ token }) => call(app, "POST", "/api/auth/sign-out", { token, body: {} }),
  "revoked from another device": async (person) => {
    const [old] = await sql`select id from session where token = ${rawOf(person)}`;
    const { json } = await call(app, "POST", "/api/auth/sign-in/email", {
      body: { email: person.email, password },
    });
    return call(app, "DELETE", `/api/v1/me/auth-sessions/${old?.id}`, { token: json.token });
  },
  "ended by a new password": ({ token }) =>
    call(app, "POST", "/api/auth/change-password", {
      token,
      body: { currentPassword: password, newPassword: "another battery staple", revokeOtherSessions: true },
    }),
};

test.each(Object.entries(endings))(
  "a session that was %s is known when somebody elsewhere uses it",
  async (_, end) => {
    const person = await createPerson(app);
    await end(person);
    await use(person.token, thief);
    expect(await uses(person)).toEqual([{ ...event, reason: "unknown_place" }]);
  },
);

test("a stolen token is told to the platform admins at its first use, once, and to nobody else", async () => {
  const { people } = await createTenant(app);
  await later(app, 61);
  await call(app, "POST", "/api/auth/sign-out", { token: people.coach.token, body: {} });
  await use(people.coach.token, thief, "/api/auth/get-session");
  await judge(app);
  expect(await findings(app, people.coach.userId)).toEqual([
    { log: null, type: "user", subject: people.coach.userId, rule: "ended-session-elsewhere", count: 1 },
  ]);
  expect((await mailsTo(app, platformAdmin)).at(-1)?.text).toContain(people.coach.userId);
  for (const person of Object.values(people)) expect(await mailsTo(app, person)).toEqual([]);
});

test("the owner's own app may ask once more, with many requests at once; not again and again", async () => {
  stopTheClock();
  const person = await createPerson(app);
  await call(app, "POST", "/api/auth/sign-out", { token: person.token, body: {} });
  await Promise.all(Array.from({ length: 20 }, () => use(person.token)));
  expect(await uses(person)).toEqual([{ ...event, reason: "known_place" }]);
  await judge(app);
  expect(await findings(app, person.userId)).toEqual([]);
  await everyThreeSeconds(4, () => use(person.token));
  await judge(app);
  expect(await findings(app, person.userId)).toMatchObject([{ rule: "ended-session-repeated", count: 5 }]);
});

test("whoever goes on and on with an ended token fills no log, and hides nobody else who uses it", async () => {
  stopTheClock();
  const person = await createPerson(app);
  await call(app, "POST", "/api/auth/sign-out", { token: person.token, body: {} });
  await everyThreeSeconds(12, () => use(person.token));
  const known = Array.from({ length: 5 }, () => ({ ...event, reason: "known_place" }));
  expect(await uses(person)).toEqual(known);
  await Promise.all([use(person.token), use(person.token, thief)]);
  expect(await uses(person)).toEqual([...known, { ...event, reason: "unknown_place" }]);
  await everyThreeSeconds(12, (turn) => use(person.token, { ...thief, "user-agent": `Thief/${turn}` }));
  expect(await uses(person)).toHaveLength(10);
});

test("tokens that merely expired, that are forged or that nobody ever had, are nothing to speak of", async () => {
  const person = await createPerson(app);
  const before = await sql`select id from audit_event where action = 'user.ended_session_used'`;
  const raw = rawOf(person);
  await sql`update session set expires_at = now() - interval '1 second' where token = ${raw}`;
  await sql`delete from session where token = ${raw}`;
  await use(person.token, thief);
  await use(app.deps.tokens.sign("never-there"), thief);
  await use(`${person.token}x`, thief);
  expect(await sql`select id from audit_event where action = 'user.ended_session_used'`).toHaveLength(
    before.length,
  );
});

test("what is kept of an ended session is a hash, until it would have expired", async () => {
  const person = await createPerson(app);
  await call(app, "POST", "/api/auth/sign-out", { token: person.token, body: {} });
  const hash = hashOf(person);
  expect(await sql`select user_id from ended_session where token_hash = ${hash}`).toEqual([
    { user_id: person.userId },
  ]);
  await sql`update ended_session set expires_at = now() where token_hash = ${hash}`;
  await app.deps.schedules.find(({ name }) => name === "expired-rows")?.run();
  expect(await sql`select user_id from ended_session where token_hash = ${hash}`).toHaveLength(0);
});
