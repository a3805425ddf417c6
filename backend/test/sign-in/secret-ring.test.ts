import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { testDatabase } from "../harness/database.ts";
import { me, newAccount, signIn } from "./account.ts";
import { answer, challenge, freeCodes, newEnrolled } from "./authenticator.ts";

const [old, current] = ["Nv8xQm2rTk6zWc9pLb4yHd7sJf3gRa5e", "Zt3bXq7nKm5wVr9cPd2yLh8sGf6jTa4e"];
const database = await testDatabase();
const before = await startTestApp({ database, env: { BETTER_AUTH_SECRETS: `1:${old}` } });
const rotated = await startTestApp({ database, env: { BETTER_AUTH_SECRETS: `2:${current},1:${old}` } });
const after = await startTestApp({ database, env: { BETTER_AUTH_SECRETS: `2:${current}` } });

test("a rotation logs nobody out: the old token is answered with a new one that outlives the old secret", async () => {
  const { token, userId } = await newAccount(before);
  for (const path of ["/api/v1/me", "/api/me", "/api/auth/get-session"]) {
    const { status, headers, json } = await call(rotated, "GET", path, { token });
    expect(status).toBe(200);
    expect(json.id ?? json.user.id).toBe(userId);
    const renewed = headers.get("set-auth-token");
    expect(renewed, `${path} hands out no new token`).toBeTruthy();
    expect(renewed).not.toBe(token);
    expect((await me(after, renewed ?? "")).json.id).toBe(userId);
    expect((await me(before, renewed ?? "")).status).toBe(401);
  }
});

test("a token of the current secret is not answered with another one", async () => {
  const { token } = await newAccount(rotated);
  expect((await me(rotated, token)).headers.get("set-auth-token")).toBeNull();
});

test("an error answered to an old token carries the new one too", async () => {
  const { token, userId } = await newAccount(before);
  const { status, headers } = await call(rotated, "GET", `/api/v1/files/${crypto.randomUUID()}`, { token });
  expect(status).toBe(404);
  expect((await me(after, headers.get("set-auth-token") ?? "")).json?.id).toBe(userId);
});

test("a breach rotation refuses every token of the removed secret", async () => {
  const { token, email } = await newAccount(before);
  const refused = await me(after, token);
  expect([refused.status, refused.headers.get("set-auth-token")]).toEqual([401, null]);
  expect((await call(after, "GET", "/api/auth/get-session", { token })).text).not.toContain(email);
  expect((await signIn(after, email)).status).toBe(200);
});

test("a second factor enrolled before the rotation works after it", async () => {
  const person = await newEnrolled(before);
  const [code, other] = [await person.device.code(), await person.device.code(1)];
  const byTotp = await answer(rotated, await challenge(rotated, person.email), code);
  expect(byTotp.status, byTotp.text).toBe(200);
  expect((await me(after, byTotp.json.token)).status).toBe(200);
  const [backupCode = ""] = person.backupCodes;
  const byBackup = await answer(rotated, await challenge(rotated, person.email), backupCode, {
    factor: "backup-code",
  });
  expect(byBackup.status, byBackup.text).toBe(200);
  await freeCodes(before, person.userId);
  expect((await answer(before, await challenge(before, person.email), other)).status).toBe(200);
});

test("a second factor enrolled after the rotation works with the current secret alone", async () => {
  const person = await newEnrolled(rotated);
  const { status, text } = await answer(
    after,
    await challenge(after, person.email),
    await person.device.code(),
  );
  expect(status, text).toBe(200);
});
