import { expect, test } from "vitest";
import { createAdmin } from "../../src/coachctl/admin.ts";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { signIn } from "../sign-in/account.ts";

const app = await startTestApp({ worker: false });
const create = (email: string, password: string) =>
  createAdmin.run({
    environment: { DATABASE_URL: app.database.appUrl },
    arguments: ["--email", email],
    print: () => {},
    readLine: async () => password,
  });

test("makes a platform admin who can sign in, and no second one of the same address", async () => {
  const [email, password] = ["root@example.test", "a sentence to remember"];
  expect(await create(email, password)).toBe(0);
  const { token } = (await signIn(app, email, password)).json;
  expect((await call(app, "GET", "/api/v1/platform/users", { token })).status).toBe(200);
  expect(await create(email, password)).toBe(1);
});

test("takes no password that sign-up would refuse", async () => {
  for (const password of ["short", "x".repeat(129), "password123", "somebody@example.test"])
    await expect(create("somebody@example.test", password)).rejects.toThrow(/password|choose another/i);
  const rows = await app.deps.database.sql`select 1 from "user" where email = 'somebody@example.test'`;
  expect(rows).toHaveLength(0);
});
