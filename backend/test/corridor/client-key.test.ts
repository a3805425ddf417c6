import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, password } from "../harness/client.ts";
import { serveConfigured } from "./configured.ts";
import { headerFlaws } from "./headers.ts";

const keys = {
  web: `${"w".padEnd(20, "1b9")}Qm4vTn7RbLw2Yc9U`,
  ios: `${"i".padEnd(20, "7d3")}Zx8kPf5sHg1jVt6N`,
};
const retired = `${"o".padEnd(20, "5f1")}Lk2mWq9dRt4yBn7C`;
const env = {
  CLIENT_API_KEY: `web:${keys.web},ios:${keys.ios}`,
  CLIENT_API_KEY_RETIRED: `old:${retired}`,
};
const optional = await startTestApp({ worker: false, env });
const person = await createPerson(optional);

/** As in production, where a key is required. */
const required = await serveConfigured(optional, { clientKeyRequired: true });

const me = (app: { url: string }, key?: string) =>
  call(app, "GET", "/api/v1/me", {
    token: person.token,
    ...(key !== undefined && { headers: { "x-client-key": key } }),
  });

test("where it is required, a missing or unknown key is 401 client_key_required", async () => {
  for (const key of [undefined, "", "wrong", `${keys.web}x`, keys.web.slice(0, -1), keys.web.toUpperCase()]) {
    const { status, json } = await me(required, key);
    expect([status, json.code], key).toEqual([401, "client_key_required"]);
  }
});

test("where it is required, each known key opens, and none without a token", async () => {
  for (const key of Object.values(keys)) {
    expect((await me(required, key)).status).toBe(200);
    const anonymous = await call(required, "GET", "/api/v1/me", { headers: { "x-client-key": key } });
    expect([anonymous.status, anonymous.json.code]).toEqual([401, "unauthenticated"]);
  }
});

test("a retired key is told to update, required or not", async () => {
  for (const app of [required, optional]) {
    const { status, json, headers } = await me(app, retired);
    expect([status, json.code]).toEqual([426, "client_outdated"]);
    expect(headerFlaws((name) => headers.get(name))).toEqual([]);
  }
});

test("where it is optional, no key opens as well as a known one", async () => {
  expect((await me(optional)).status).toBe(200);
  expect((await me(optional, keys.ios)).status).toBe(200);
});

test("the auth session remembers the name of the build, never the key", async () => {
  const { email } = person;
  const signedIn = await call(required, "POST", "/api/auth/sign-in/email", {
    body: { email, password },
    headers: { "x-client-key": keys.ios },
  });
  expect(signedIn.status).toBe(200);
  const { json, text } = await call(required, "GET", "/api/v1/me/auth-sessions", {
    token: signedIn.json.token,
    headers: { "x-client-key": keys.ios },
  });
  expect(json.data.find((one: { current: boolean }) => one.current).client).toBe("ios");
  expect(text).not.toContain(keys.ios);
});

test("monitors need no key", async () => {
  for (const path of ["/", "/health", "/health/live", "/health/ready", "/api/health"])
    expect((await call(required, "GET", path)).status, path).toBe(200);
});

test("a preflight needs no key", async () => {
  const headers = { origin: "http://localhost:5173", "access-control-request-method": "GET" };
  expect((await call(required, "OPTIONS", "/api/v1/me", { headers })).status).toBe(204);
});
