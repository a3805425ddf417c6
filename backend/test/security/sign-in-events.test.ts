import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, password } from "../harness/client.ts";

const app = await startTestApp({ worker: false });

test("v5.0.0-16.3.1 a sign-in leaves an event, good or bad, with or without an account", async () => {
  const person = await createPerson(app);
  const outcomes = [
    [person.email, password, "allowed", person.userId],
    [person.email, "not the password", "denied", null],
    ["nobody@example.test", "not the password", "denied", null],
  ] as const;
  for (const [email, given, result, actorId] of outcomes) {
    const { headers } = await call(app, "POST", "/api/auth/sign-in/email", {
      body: { email, password: given },
    });
    const events = await app.deps.database.sql`
      select action, result, actor_id from audit_event
      where request_id = ${headers.get("x-request-id")} and action = 'user.sign_in'`;
    expect(events, email).toEqual([{ action: "user.sign_in", result, actor_id: actorId }]);
  }
});
