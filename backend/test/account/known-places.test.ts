import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, password } from "../harness/client.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;

const signIn = async (email: string, device: string) => {
  const { status } = await call(app, "POST", "/api/auth/sign-in/email", {
    body: { email, password },
    headers: { "user-agent": device },
  });
  expect(status).toBe(200);
};
const placesOf = (userId: string) => sql<{ fingerprint: string; version: string; today: boolean }[]>`
  select fingerprint, xmin::text as version, last_seen_at > now() - interval '1 hour' as today
  from known_device where user_id = ${userId} order by fingerprint`;
const news = async (userId: string) =>
  (await sql`select 1 from audit_event where action = 'user.new_device' and actor_id = ${userId}`).length;
const seenAgo = (userId: string, days: number) =>
  sql`update known_device set last_seen_at = now() - ${days} * interval '1 day' where user_id = ${userId}`;

test("a place that was seen today is written once, and again on another day", async () => {
  const { email, userId } = await createPerson(app);
  await signIn(email, "Phone/1");
  const before = await placesOf(userId);
  await signIn(email, "Phone/1");
  expect(await placesOf(userId)).toEqual(before);
  await seenAgo(userId, 2);
  await signIn(email, "Phone/1");
  const after = await placesOf(userId);
  expect(after.filter(({ today }) => today)).toHaveLength(1);
  expect(await news(userId)).toBe(1);
});

test("of very many places the last hundred are known", async () => {
  const { email, userId } = await createPerson(app);
  await sql`
    insert into known_device (user_id, fingerprint, last_seen_at)
    select ${userId}, 'place ' || n, now() - n * interval '1 day' from generate_series(1, 150) as n`;
  await signIn(email, "Phone/1");
  await signIn(email, "Phone/1");
  const kept = (await placesOf(userId)).map(({ fingerprint }) => fingerprint);
  expect(kept).toHaveLength(100);
  expect(kept).toContain("place 1");
  expect(kept).not.toContain("place 150");
  expect(await news(userId), "the new one among them").toBe(1);
});

test("a place that was not seen for half a year is forgotten, but for the last one of a person", async () => {
  const { email, userId } = await createPerson(app);
  await seenAgo(userId, 200);
  await sql`insert into known_device (user_id, fingerprint, last_seen_at)
    values (${userId}, 'older', now() - interval '300 days')`;
  await app.deps.schedules.find(({ name }) => name === "expired-rows")?.run();
  expect(await placesOf(userId)).toHaveLength(1);
  await signIn(email, "Phone/1");
  expect(await news(userId), "somebody who comes back from elsewhere after a year is news").toBe(1);
  await app.deps.schedules.find(({ name }) => name === "expired-rows")?.run();
  expect(await placesOf(userId)).toMatchObject([{ today: true }]);
});
