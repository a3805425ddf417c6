import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { admin, bearer, organization, twoFactor } from "better-auth/plugins";
import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { freshEmail, newAccount, signIn, signUp } from "./account.ts";

const app = await startTestApp();
const { token, email } = await newAccount(app);

const open = new Set([
  ...[
    "/sign-up/email",
    "/sign-in/email",
    "/sign-out",
    "/get-session",
    "/request-password-reset",
    "/reset-password",
  ],
  ...["/send-verification-email", "/verify-email", "/change-password", "/change-email"],
  ...["verify-totp", "verify-backup-code", "enable", "disable", "generate-backup-codes"].map(
    (name) => `/two-factor/${name}`,
  ),
]);

/** Every path of the library with the plugins we use, and with two that we do not. */
function libraryPaths(): string[] {
  const { api } = betterAuth({
    secret: "Rk5wXn9bTq3mVz7cPd2yLh8sGf6jTa4e",
    database: memoryAdapter({}),
    plugins: [twoFactor(), bearer(), admin(), organization()],
  });
  const paths = Object.values(api as Record<string, { path?: string }>).map(({ path }) => path);
  const more = [
    "/ok",
    "/error",
    "/reference",
    "/forget-password",
    "/sign-in/username",
    "/sign-in/magic-link",
    "/jwks",
    "/token",
    "/passkey/list-user-passkeys",
    "/api-key/create",
    "/two-factor",
    "/",
    "",
    "/__proto__",
    "/constructor",
  ];
  return [...new Set([...paths.filter((path) => path !== undefined), ...more])].filter(
    (path) => !open.has(path),
  );
}

test("the library has the routes that are meant to be closed", () => {
  const paths = libraryPaths();
  expect(paths.length).toBeGreaterThan(60);
  for (const known of [
    "/list-sessions",
    "/update-user",
    "/delete-user",
    "/sign-in/social",
    "/revoke-session",
    "/two-factor/get-totp-uri",
  ])
    expect(paths).toContain(known);
});

test.for(libraryPaths())("%s is not reachable", async (path) => {
  const concrete = path.replaceAll(/:\w+/g, "x");
  for (const method of ["GET", "POST", "DELETE"]) {
    const body = method === "POST" ? {} : undefined;
    const signedIn = await call(app, method, `/api/auth${concrete}`, { token, body });
    expect([signedIn.status, signedIn.json?.code], method).toEqual([
      open.has(concrete) ? 405 : 404,
      open.has(concrete) ? "method_not_allowed" : "not_found",
    ]);
    expect([401, 404, 405]).toContain((await call(app, method, `/api/auth${concrete}`, { body })).status);
  }
});

test("a known path with another method is 405 and says which it takes", async () => {
  const answer = await call(app, "PUT", "/api/auth/sign-in/email", { token, body: {} });
  expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
});

describe("a sign-up", () => {
  const privileges = {
    globalRole: "platform_admin",
    emailVerified: true,
    role: "admin",
    id: crypto.randomUUID(),
    image: "javascript:alert(1)",
    twoFactorEnabled: false,
    bannedAt: null,
    version: 9,
    createdAt: "2020-01-01T00:00:00Z",
    timeZone: "UTC",
    __proto: 1,
  };
  test.for(Object.entries(privileges))("takes no %s", async ([field, value]) => {
    const address = freshEmail();
    const { status, json } = await signUp(app, { email: address, [field]: value });
    expect([status, json.code]).toEqual([400, "validation_failed"]);
    expect(json.details.length).toBeGreaterThan(0);
    expect(await app.deps.database.sql`select 1 from "user" where email = ${address}`).toHaveLength(0);
  });

  const names: readonly [string, unknown][] = [
    ["a NUL", "a\u0000b"],
    ["100 000 characters", "x".repeat(100_000)],
    ["101 characters", "x".repeat(101)],
    ["no character", ""],
    ["spaces only", "   "],
    ["a line break", "a\r\nBcc: b"],
    ["an object", { $ne: null }],
    ["a list", ["a"]],
  ];
  test.for(names)("takes no name with %s", async ([, name]) => {
    expect((await signUp(app, { email: freshEmail(), name })).status).toBe(400);
  });

  const addresses = [
    "",
    "x",
    "a@b",
    "a b@example.test",
    "a@example.test,b@example.test",
    "a@example.test\r\nBcc: b@example.test",
    "a\u0000@example.test",
    `${"x".repeat(300)}@example.test`,
    "<a@example.test>",
    ["a@example.test"],
    null,
  ];
  test.for(addresses.map((address) => [address] as const))("takes no address like %j", async ([address]) => {
    expect((await signUp(app, { email: address })).status).toBe(400);
  });

  test("keeps the address in lower case", async () => {
    const address = freshEmail();
    const { json } = await signUp(app, { email: address.toUpperCase() });
    expect(json.user.email).toBe(address);
    expect((await signIn(app, address.toUpperCase())).status).toBe(200);
  });

  test("answers with nothing that is ours alone", async () => {
    const { text } = await signUp(app, { email: freshEmail() });
    expect(text).not.toMatch(/password|bannedAt|argon2/i);
  });
});

test("rememberMe is true or absent", async () => {
  const ask = (rememberMe: unknown) =>
    call(app, "POST", "/api/auth/sign-in/email", { body: { email, password, rememberMe } });
  expect((await ask(true)).status).toBe(200);
  for (const value of [false, "false", 0, null]) expect((await ask(value)).status).toBe(400);
});

const foreign = [
  "https://evil.example",
  "//evil.example",
  "http://localhost:5173.evil.example/",
  "http://localhost:5173@evil.example/",
  "javascript:alert(1)",
  "\\\\evil.example",
  "http://localhost:51730/",
  "https://localhost:5173/",
];
test.for(foreign)("a page at %s is no place to lead to", async (page) => {
  const calls: [string, Record<string, unknown>][] = [
    ["/sign-in/email", { email, password, callbackURL: page }],
    ["/sign-up/email", { name: "New", email: freshEmail(), password, callbackURL: page }],
    ["/request-password-reset", { email, redirectTo: page }],
    ["/send-verification-email", { email, callbackURL: page }],
    ["/change-email", { newEmail: freshEmail(), callbackURL: page }],
  ];
  for (const [path, body] of calls)
    expect((await call(app, "POST", `/api/auth${path}`, { token, body })).status, path).toBe(400);
  const link = await call(
    app,
    "GET",
    `/api/auth/verify-email?token=x&callbackURL=${encodeURIComponent(page)}`,
  );
  expect([link.status, link.headers.get("location")]).toEqual([400, null]);
});

test("fields and queries that nobody asked for are refused", async () => {
  for (const path of open) {
    if (path === "/get-session" || path === "/verify-email") continue;
    const { status } = await call(app, "POST", `/api/auth${path}`, { token, body: { surprise: 1 } });
    expect(status, path).toBe(400);
  }
  expect((await call(app, "GET", "/api/auth/get-session?disableRefresh=true", { token })).status).toBe(400);
});
