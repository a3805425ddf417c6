import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant } from "../harness/client.ts";
import { me, newAccount } from "../sign-in/account.ts";
import { enrol } from "../sign-in/authenticator.ts";

const app = await startTestApp();
const account = await newAccount(app);
const patch = (body: unknown, token: string | undefined = account.token, headers = {}) =>
  call(app, "PATCH", "/api/v1/me", { token, body, headers });

test("a person sees exactly the fields of the contract", async () => {
  const { token, userId, email } = await newAccount(app);
  const { json } = await me(app, token);
  expect(json).toEqual({
    id: userId,
    email,
    name: "Test Person",
    emailVerified: true,
    globalRole: null,
    twoFactorEnabled: false,
    avatarFileId: null,
    timeZone: "UTC",
    locale: "en",
    createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    memberships: [],
  });
  expect(userId[14], "a UUIDv7").toBe("7");
});

test("a person sees the own memberships and nobody else's", async () => {
  const { organizationId, people } = await createTenant(app);
  const { memberships } = (await me(app, people.coach.token)).json;
  expect(memberships).toEqual([
    {
      memberId: expect.any(String),
      organizationId,
      organizationName: expect.any(String),
      organizationSlug: expect.any(String),
      role: "coach",
      status: "active",
      secondFactorNeeded: false,
    },
  ]);
  await app.deps.database
    .sql`update organization set two_factor_roles = '{coach}' where id = ${organizationId}`;
  const needed = async (token: string) => (await me(app, token)).json.memberships[0].secondFactorNeeded;
  expect(await needed(people.coach.token)).toBe(true);
  expect(await needed(people.client.token), "of another role").toBe(false);
  expect(await needed((await enrol(app, people.coach)).token), "enrolled").toBe(false);
});

test("the answer is never stale: no 304, not cached", async () => {
  const first = await me(app, account.token);
  expect(first.headers.get("cache-control")).toBe("no-store");
  const headers = { "if-none-match": first.headers.get("etag") ?? "*" };
  expect((await call(app, "GET", "/api/v1/me", { token: account.token, headers })).status).toBe(200);
});

describe("a profile", () => {
  const fit = [
    { name: "Zoë 你好 O'Neill" },
    { name: "x".repeat(100) },
    { timeZone: "Europe/Berlin" },
    { timeZone: "Asia/Calcutta" },
    { timeZone: "Asia/Kolkata" },
    { timeZone: "US/Eastern" },
    { timeZone: "America/Argentina/Buenos_Aires" },
    { timeZone: "UTC" },
    { locale: "de" },
    { locale: "en-GB" },
    { locale: "zh-Hant-TW" },
    { name: "All at once", timeZone: "Asia/Tokyo", locale: "ja" },
  ];
  test.for(fit)("takes %j", async (body) => {
    const { status, json, text } = await patch(body);
    expect(status, text).toBe(200);
    expect(json).toMatchObject(body);
    expect((await me(app, account.token)).json).toMatchObject(body);
  });

  const unfit = [
    { name: "" },
    { name: "   " },
    { name: "x".repeat(101) },
    { name: "a\u0000b" },
    { name: "bell\u0007" },
    { name: "line\r\nBcc: b@example.test" },
    { name: "escape\u001b[31m" },
    { name: null },
    { name: 7 },
    { timeZone: "Mars/Olympus" },
    { timeZone: "" },
    { timeZone: "+02:00" },
    { timeZone: "CEST7" },
    { timeZone: "../../etc/passwd" },
    { timeZone: null },
    { locale: "" },
    { locale: "not a locale" },
    { locale: "x" },
    { locale: `en-${"x".repeat(500)}` },
    { locale: null },
    { email: "other@example.test" },
    { emailVerified: true },
    { globalRole: "platform_admin" },
    { twoFactorEnabled: true },
    { avatarFileId: crypto.randomUUID() },
    { id: crypto.randomUUID() },
    { memberships: [] },
    [],
    "text",
  ];
  test.for(unfit.map((body) => [body] as const))("refuses %j", async ([body]) => {
    const before = (await me(app, account.token)).json;
    const { status, json } = await patch(typeof body === "string" ? JSON.stringify(body) : body);
    expect([status, json.code]).toEqual([400, "validation_failed"]);
    expect((await me(app, account.token)).json).toEqual(before);
  });

  test("honours If-Match", async () => {
    const etag = (await me(app, account.token)).headers.get("etag") ?? "";
    expect(etag).toMatch(/^"v\d+"$/);
    expect((await patch({ name: "One" }, account.token, { "if-match": etag })).status).toBe(200);
    expect((await patch({ name: "Two" }, account.token, { "if-match": etag })).status).toBe(412);
    expect((await me(app, account.token)).json.name).toBe("One");
  });

  test("is changed by nobody without a token", async () => {
    expect((await call(app, "PATCH", "/api/v1/me", { body: { name: "X" } })).status).toBe(401);
  });

  test("is changed for oneself only", async () => {
    const [mine, theirs] = [await newAccount(app), await newAccount(app)];
    await patch({ name: "Mine" }, mine.token);
    expect((await me(app, theirs.token)).json.name).toBe("Test Person");
  });
});
