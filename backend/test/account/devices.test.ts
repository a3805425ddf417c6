import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, password } from "../harness/client.ts";

const app = await startTestApp({ env: { SESSION_MAX_CONCURRENT: "3", TRUSTED_PROXIES: "127.0.0.1" } });

const signIn = (email: string, device: string, ip = "203.0.113.7") =>
  call(app, "POST", "/api/auth/sign-in/email", {
    body: { email, password },
    headers: { "user-agent": device, "x-forwarded-for": ip },
  });
const mailsTo = (email: string) => {
  const files = readdirSync(app.mailDir).filter((name) => name.endsWith(".eml"));
  return files
    .map((name) => readFileSync(join(app.mailDir, name), "utf8"))
    .filter((eml) => eml.includes(email));
};
const newSignIns = (email: string) =>
  mailsTo(email).filter((eml) => eml.includes("Subject: New sign-in")).length;

test("a sign-in from a new device or network is told by mail and in the audit log, a known one is not", async () => {
  const { email, userId } = await createPerson(app);
  await signIn(email, "Phone/1");
  await vi.waitFor(() => expect(newSignIns(email)).toBe(1), { timeout: 10_000 });
  await signIn(email, "Phone/1");
  await signIn(email, "Phone/1", "198.51.100.9");
  await vi.waitFor(() => expect(newSignIns(email)).toBe(2), { timeout: 10_000 });
  const events = await app.deps.database.sql`
    select id from audit_event where action = 'user.new_device' and actor_id = ${userId}`;
  expect(events).toHaveLength(2);
});

test("the very first sign-in is no news", async () => {
  const email = `first-${crypto.randomUUID().slice(0, 8)}@example.test`;
  await call(app, "POST", "/api/auth/sign-up/email", { body: { name: "First", email, password } });
  const known = await app.deps.database.sql`
    select fingerprint from known_device d join "user" u on u.id = d.user_id where u.email = ${email}`;
  expect(known).toHaveLength(1);
  expect(newSignIns(email)).toBe(0);
});

test("the oldest auth session ends when there are more than allowed", async () => {
  const { email, token } = await createPerson(app);
  const tokens = [];
  for (let i = 0; i < 3; i++) tokens.push((await signIn(email, "Phone/1")).json.token);
  expect((await call(app, "GET", "/api/v1/me", { token })).status).toBe(401);
  for (const later of tokens)
    expect((await call(app, "GET", "/api/v1/me", { token: later })).status).toBe(200);
});

test("of many sign-ins at once as many stay as are allowed", async () => {
  const { email } = await createPerson(app);
  const signIns = await Promise.all(Array.from({ length: 12 }, () => signIn(email, "Phone/1")));
  const answers = await Promise.all(
    signIns.map(({ json }) => call(app, "GET", "/api/v1/me", { token: json.token })),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
});
