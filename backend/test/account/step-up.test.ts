import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createTenant, makeStale, password } from "../harness/client.ts";

const app = await startTestApp();
const stepUp = (token: string, body: unknown) => call(app, "POST", "/api/v1/me/step-up", { token, body });

test("a step-up with the password opens what needs a fresh credential, for this auth session and ten minutes", async () => {
  const { organizationId, people } = await createTenant(app);
  const { token, userId } = people.org_admin;
  await makeStale(app, { userId });
  const path = `/api/v1/organizations/${organizationId}`;
  expect((await call(app, "DELETE", path, { token })).json.code).toBe("step_up_required");
  const shown = await stepUp(token, { password });
  expect(shown.status).toBe(200);
  const minutes = (Date.parse(shown.json.expiresAt) - Date.now()) / 60_000;
  expect(minutes).toBeGreaterThan(9);
  expect(minutes).toBeLessThanOrEqual(10.1);
  expect((await call(app, "DELETE", path, { token })).status).toBe(204);
});

test("a wrong password opens nothing, and ten of them lock", async () => {
  const { token, userId } = await createPerson(app);
  await makeStale(app, { userId });
  for (let i = 0; i < 10; i++)
    expect((await stepUp(token, { password: `wrong password ${i}` })).json.code).toBe("forbidden");
  const locked = await stepUp(token, { password });
  expect(locked).toMatchObject({ status: 429, json: { code: "account_locked" } });
  const [row] = await app.deps.database.sql`select stepped_up_at from session where user_id = ${userId}`;
  expect(row?.stepped_up_at).toBeNull();
});

test("neither, both or something else is not a credential", async () => {
  const { token } = await createPerson(app);
  for (const body of [{}, { password, code: "123456" }, { pin: "1" }])
    expect((await stepUp(token, body)).status).toBe(400);
});

test("the e-mail address is changed with a fresh credential only", async () => {
  const { token, userId } = await createPerson(app);
  await makeStale(app, { userId });
  const change = () =>
    call(app, "POST", "/api/auth/change-email", { token, body: { newEmail: "somewhere@example.test" } });
  expect((await change()).json.code).toBe("step_up_required");
  await stepUp(token, { password });
  expect((await change()).status).toBe(200);
});
