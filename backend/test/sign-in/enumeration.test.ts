import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { freshEmail, newAccount, signIn } from "./account.ts";

const app = await startTestApp();
const account = await newAccount(app);

const shape = (headers: Headers) =>
  [...headers].filter(([name]) => !/^(x-request-id|date)$/.test(name)).sort();

test("a failed sign-in reads the same for known and unknown addresses", async () => {
  const [known, unknown] = [
    await signIn(app, account.email, "wrong"),
    await signIn(app, freshEmail(), "wrong"),
  ];
  expect(known.status).toBe(401);
  expect(unknown.status).toBe(401);
  const { requestId, ...rest } = known.json;
  const { requestId: otherId, ...otherRest } = unknown.json;
  expect(otherRest).toEqual(rest);
  expect(rest.code).toBe("INVALID_EMAIL_OR_PASSWORD");
  expect([requestId, otherId]).toEqual([
    known.headers.get("x-request-id"),
    unknown.headers.get("x-request-id"),
  ]);
  const reset = /^ratelimit-(remaining|reset)$/;
  expect(shape(unknown.headers).filter(([name]) => !reset.test(name))).toEqual(
    shape(known.headers).filter(([name]) => !reset.test(name)),
  );
});

test("a failed sign-in of an account without password reads the same too", async () => {
  const { email, userId } = await newAccount(app);
  await app.deps.database.sql`delete from account where user_id = ${userId}`;
  const { status, json } = await signIn(app, email);
  expect([status, json.code]).toEqual([401, "INVALID_EMAIL_OR_PASSWORD"]);
});

test("a banned person's wrong password reads like any wrong password", async () => {
  const { email, userId } = await newAccount(app);
  await app.deps.database.sql`update "user" set banned_at = now() where id = ${userId}`;
  const { status, json } = await signIn(app, email, "wrong");
  expect([status, json.code]).toEqual([401, "INVALID_EMAIL_OR_PASSWORD"]);
});

test("get-session tells nobody anything without a token", async () => {
  const { text } = await call(app, "GET", "/api/auth/get-session");
  expect(text).not.toContain(account.userId);
});

const forged = (email: string) =>
  `e30.${Buffer.from(JSON.stringify({ email, updateTo: "x@example.test" })).toString("base64url")}.AAAA`;

test.each([
  [
    "a wrong password from a trusted device",
    (email: string) => signIn(app, email, "wrong", { "x-trust-device": "x.y" }),
  ],
  [
    "a forged link of a mail",
    (email: string) => call(app, "GET", `/api/auth/verify-email?token=${forged(email)}`),
  ],
] as const)("%s takes the same statements with and without an account", async (_, ask) => {
  const statementsFor = async (email: string) => {
    app.statements.length = 0;
    expect([400, 401]).toContain((await ask(email)).status);
    return app.statements.filter((text) => !text.includes("audit_seal")).length;
  };
  const known = await statementsFor(account.email);
  expect(await statementsFor(freshEmail())).toBe(known);
});
