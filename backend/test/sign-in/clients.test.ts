import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { freshEmail, me, newAccount } from "./account.ts";
import { rawRequest } from "./raw-request.ts";

const app = await startTestApp();
const account = await newAccount(app);
const credentials = { email: account.email, password };

const kinds: readonly [string, Record<string, string>][] = [
  ["curl, with no header of a browser", {}],
  ["a phone whose cookie jar sends along what it has", { cookie: "foo=1; better-auth.two_factor=x" }],
  [
    "a web page of our own",
    { origin: "http://localhost:5173", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" },
  ],
  ["a page of a foreign origin", { origin: "https://evil.example" }],
  ["a sandboxed page", { origin: "null" }],
  [
    "a foreign form post",
    {
      origin: "https://evil.example",
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    },
  ],
  [
    "a client with odd fetch metadata",
    { "sec-fetch-site": "none", "sec-fetch-mode": "nonsense", "sec-fetch-dest": "empty" },
  ],
  [
    "a cookie, fetch metadata and no origin",
    { cookie: "a=b", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" },
  ],
  ["a foreign referer", { referer: "https://evil.example/page", cookie: "a=b" }],
];

test.for(kinds)("signs in, asks and signs out: %s", async ([, headers]) => {
  const signedIn = await rawRequest(app, "POST", "/api/auth/sign-in/email", { headers, body: credentials });
  expect(signedIn.status, signedIn.text).toBe(200);
  const authorization = `Bearer ${JSON.parse(signedIn.text).token}`;
  const session = await rawRequest(app, "GET", "/api/auth/get-session", {
    headers: { ...headers, authorization },
  });
  expect(JSON.parse(session.text).user.id).toBe(account.userId);
  const mine = await rawRequest(app, "GET", "/api/v1/me", { headers: { ...headers, authorization } });
  expect(mine.status).toBe(200);
  const out = await rawRequest(app, "POST", "/api/auth/sign-out", {
    headers: { ...headers, authorization },
    body: {},
  });
  expect(out.status, out.text).toBe(200);
  expect(
    (await rawRequest(app, "GET", "/api/v1/me", { headers: { ...headers, authorization } })).status,
  ).toBe(401);
});

test.for(kinds)("signs up: %s", async ([, headers]) => {
  const body = { name: "New", email: freshEmail(), password };
  const { status, text } = await rawRequest(app, "POST", "/api/auth/sign-up/email", { headers, body });
  expect(status, text).toBe(200);
});

test("Node's fetch signs up and in with the headers it sends by itself", async () => {
  const email = freshEmail();
  const up = await call(app, "POST", "/api/auth/sign-up/email", { body: { name: "Node", email, password } });
  expect(up.status).toBe(200);
  const signedIn = await call(app, "POST", "/api/auth/sign-in/email", { body: { email, password } });
  expect((await me(app, signedIn.json.token)).json.email).toBe(email);
});

test("a foreign origin reads nothing: its answers carry no CORS header", async () => {
  const headers = { origin: "https://evil.example" };
  const answer = await rawRequest(app, "POST", "/api/auth/sign-in/email", { headers, body: credentials });
  expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  const own = await rawRequest(app, "POST", "/api/auth/sign-in/email", {
    headers: { origin: "http://localhost:5173" },
    body: credentials,
  });
  expect(own.headers["access-control-allow-origin"]).toBe("http://localhost:5173");
  expect(own.headers["access-control-allow-credentials"]).toBeUndefined();
  expect(String(own.headers["access-control-expose-headers"])).toMatch(/set-auth-token/i);
});

test("a form or plain text is not JSON", async () => {
  for (const type of ["application/x-www-form-urlencoded", "text/plain"]) {
    const response = await fetch(`${app.url}/api/auth/sign-in/email`, {
      method: "POST",
      headers: { "content-type": type },
      body: type === "text/plain" ? JSON.stringify(credentials) : new URLSearchParams(credentials).toString(),
    });
    expect(response.status).toBe(415);
  }
});

test("malformed JSON is 400 and a body over 1 MB 413", async () => {
  const post = (body: string) => call(app, "POST", "/api/auth/sign-in/email", { body });
  const malformed = await post("{");
  expect([malformed.status, malformed.json.code]).toEqual([400, "malformed_json"]);
  const large = await post(JSON.stringify({ ...credentials, password: "x".repeat(1_100_000) }));
  expect([large.status, large.json.code]).toEqual([413, "payload_too_large"]);
});
