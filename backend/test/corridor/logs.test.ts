import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant } from "../harness/client.ts";

const app = await startTestApp({ env: { AUTH_RATE_LIMIT_MAX: "100000" } });
const { people, organizationId } = await createTenant(app);
const canary = (name: string) => `canary-${name}-${randomUUID().slice(0, 8)}`;

beforeEach(() => {
  app.logLines.length = 0;
});

const logged = () => app.logLines.join("");
const auth = (path: string, body: object, headers?: Record<string, string>) =>
  call(app, "POST", `/api/auth${path}`, { body, ...(headers && { headers }) });

/** Raw, decoded and encoded: a secret is one in every spelling. */
function expectUnlogged(...secrets: string[]): void {
  expect(app.logLines.length).toBeGreaterThan(0);
  for (const secret of secrets)
    for (const spelling of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")])
      expect(logged()).not.toContain(spelling);
}

test("sign-up, sign-in and sign-out leave no e-mail, password or token in the log", async () => {
  const [email, password] = [`${canary("mail")}@example.test`, canary("password")];
  expect((await auth("/sign-up/email", { name: "Canary", email, password })).status).toBe(200);
  const signedIn = await auth("/sign-in/email", { email, password });
  expect(signedIn.status).toBe(200);
  const { token } = signedIn.json;
  await call(app, "POST", "/api/auth/sign-out", { token, body: {} });
  await call(app, "POST", "/api/v1/me/keep-alive", { token });
  expectUnlogged(email, password, token, token.split(".")[0]);
});

test("refused sign-ins leave none either", async () => {
  const [email, password] = [`${canary("mail")}@example.test`, canary("password")];
  expect((await auth("/sign-in/email", { email, password })).status).toBe(401);
  const known = people.client.email;
  expect((await auth("/sign-in/email", { email: known, password })).status).toBe(401);
  expect((await auth("/sign-in/email", { email, password, extra: password })).status).toBe(400);
  await auth("/sign-in/email", `{"email":"${email}","password":"${password}"` as unknown as object);
  expectUnlogged(email, password, known);
});

test("an account that is locked is not named", async () => {
  const email = `${canary("locked")}@example.test`;
  const statuses = [];
  for (let i = 0; i < 11; i++)
    statuses.push((await auth("/sign-in/email", { email, password: "wrong one" })).status);
  expect(statuses.at(-1)).toBe(429);
  expectUnlogged(email);
});

test("links of mails are not logged, asked for or used", async () => {
  const token = canary("reset-token");
  await auth("/request-password-reset", { email: people.coach.email });
  await auth("/reset-password", { token, newPassword: canary("new") });
  await call(app, "GET", `/api/auth/verify-email?token=${token}`);
  const [row] = await app.deps.database.sql`select identifier from verification limit 1`;
  expectUnlogged(token, people.coach.email, ...(row ? [row.identifier.split(":").at(-1)] : []));
});

test("headers that carry secrets are not logged, good or bad", async () => {
  const secrets = ["bearer", "cookie", "client-key", "challenge", "device", "key"].map(canary);
  const [bearer = "", cookie = "", clientKey = "", challenge = "", device = "", key = ""] = secrets;
  for (const [method, path] of [
    ["POST", "/api/v1/organizations"],
    ["DELETE", "/api/v1/me/auth-sessions"],
    ["POST", "/api/auth/two-factor/verify-totp"],
    ["POST", "/api/nothing"],
  ] as const)
    await call(app, method, path, {
      headers: {
        authorization: `Bearer ${bearer}`,
        cookie: `session=${cookie}`,
        "x-client-key": clientKey,
        "x-two-factor-challenge": challenge,
        "x-trust-device": device,
        "idempotency-key": key,
      },
      body: { code: "123456" },
    });
  expectUnlogged(...secrets);
});

test("queries and bodies of refused requests are not logged", async () => {
  const secrets = ["query", "name", "file"].map(canary);
  const [query = "", name = "", file = ""] = secrets;
  const { token } = people.org_admin;
  await call(app, "POST", `/api/v1/me/keep-alive?token=${query}`, { token });
  await call(app, "PATCH", "/api/v1/me", { token, body: { name, unknown: name } });
  await call(app, "PATCH", `/api/v1/organizations/${organizationId}`, { token, body: `{"name":"${name}` });
  await call(app, "POST", "/api/v1/files/presign", {
    token,
    body: { target: "avatar", fileName: file, contentType: "text/html", size: 1 },
  });
  expectUnlogged(...secrets, token);
});

test("a constraint that is hit shows neither statement nor values", async () => {
  const { token, email } = people.manager;
  const create = () =>
    call(app, "POST", "/api/v1/organizations", { token, body: { name: "A", slug: "logs-twice" } });
  expect((await create()).status).toBe(201);
  const again = await create();
  expect(again.status).toBe(409);
  expect(again.text).not.toMatch(/constraint|duplicate|insert into|organization_slug/i);
  expectUnlogged(token, email);
});

test("a mail that is sent names nobody in the log", async () => {
  const email = `${canary("mailed")}@example.test`;
  await auth("/sign-up/email", { name: "Canary", email, password: canary("password") });
  await auth("/request-password-reset", { email });
  await expect.poll(() => readdirSync(app.mailDir).length, { timeout: 10_000 }).toBeGreaterThan(0);
  expectUnlogged(email);
});
