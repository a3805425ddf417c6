import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { freshEmail, me, newAccount, signIn, signUp, tokenOf } from "./account.ts";
import { rawRequest } from "./raw-request.ts";

const secret = "Jx7vRt2mKq9zWb4nYc6pLd8sHf3gTa5e";
const app = await startTestApp({ env: { BETTER_AUTH_SECRETS: `1:${secret}` } });
const account = await newAccount(app);

const sign = (key: string, raw: string) =>
  `${raw}.${createHmac("sha256", key).update(raw).digest("base64url")}`;
const decoded = decodeURIComponent(account.token);
const raw = decoded.slice(0, decoded.indexOf("."));
const signature = decoded.slice(decoded.indexOf(".") + 1);

async function expectRefused(token: string) {
  const { status, json } = await me(app, token);
  expect(status, `${token} was accepted`).toBe(401);
  expect(json.code).toBe("unauthenticated");
}

describe("the token", () => {
  test("is signed, and the same in header and body of sign-up and sign-in", async () => {
    const email = freshEmail();
    const up = await signUp(app, { email });
    const signedIn = await signIn(app, email);
    for (const { status, headers, json } of [up, signedIn]) {
      expect(status).toBe(200);
      expect(json.token).toBe(headers.get("set-auth-token"));
      const plain = decodeURIComponent(json.token);
      expect(plain).toBe(sign(secret, plain.slice(0, plain.indexOf("."))));
      expect(json.user.email).toBe(email);
      expect(headers.get("cache-control")).toBe("no-store");
    }
    expect(up.json.token).not.toBe(signedIn.json.token);
  });

  test("opens both spellings of the base path", async () => {
    for (const path of ["/api/v1/me", "/api/me"]) {
      const { status, json } = await call(app, "GET", path, { token: account.token });
      expect(status).toBe(200);
      expect(json.id).toBe(account.userId);
    }
  });

  test("is accepted percent-encoded and plain alike", async () => {
    for (const token of [decoded, encodeURIComponent(decoded)])
      expect((await me(app, token)).status).toBe(200);
    const session = await call(app, "GET", "/api/auth/get-session", { token: encodeURIComponent(decoded) });
    expect(session.json?.user?.id).toBe(account.userId);
  });

  test("is accepted whatever the case of the word Bearer", async () => {
    for (const scheme of ["bearer", "BEARER"]) {
      const headers = { authorization: `${scheme} ${decoded}` };
      expect((await call(app, "GET", "/api/v1/me", { headers })).status).toBe(200);
    }
  });

  test("is refused raw, as in the database", async () => {
    const [row] = await app.deps.database.sql`select token from session where token = ${raw}`;
    expect(row?.token).toBe(raw);
    await expectRefused(raw);
    await expectRefused(`${raw}.`);
    await expectRefused(`.${signature}`);
  });

  test("is refused as a JWT, with a foreign signature and as nonsense", async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const head = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: account.userId, exp: 4102444800 })}`;
    const jwt = `${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`;
    const none = `${part({ alg: "none" })}.${part({ sub: account.userId })}.`;
    const tokens = [
      jwt,
      none,
      sign("another-secret-of-thirty-two-chars", raw),
      sign(secret, "never-existed"),
      "x",
      "%",
      "%E0%A4%A",
    ];
    for (const token of [...tokens, `${decoded}.${signature}`, `${decoded}x`, decoded.slice(0, -2)])
      await expectRefused(token);
  });

  test("is refused with any one character of its signature exchanged", async () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=";
    for (let at = 0; at < signature.length; at++) {
      const present = signature.charAt(at);
      const next = alphabet[(alphabet.indexOf(present) + 1) % alphabet.length];
      // "-" and "+", "_" and "/" are the same six bits to a lenient decoder.
      const twin = { "-": "+", _: "/" }[present];
      for (const other of twin ? [next, twin] : [next])
        await expectRefused(`${raw}.${signature.slice(0, at)}${other}${signature.slice(at + 1)}`);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(signature.length - 1), fc.constantFrom(...alphabet), async (at, other) => {
        fc.pre(signature[at] !== other);
        await expectRefused(`${raw}.${signature.slice(0, at)}${other}${signature.slice(at + 1)}`);
      }),
      { numRuns: 60 },
    );
  });

  test("is refused with any one character before the signature exchanged", async () => {
    for (let at = 0; at < raw.length; at++)
      await expectRefused(
        `${raw.slice(0, at)}${raw[at] === "a" ? "b" : "a"}${raw.slice(at + 1)}.${signature}`,
      );
  });

  test("in an address or a body opens nothing", async () => {
    const query = `token=${encodeURIComponent(decoded)}&access_token=${encodeURIComponent(decoded)}`;
    expect((await call(app, "GET", `/api/v1/me?${query}`)).status).toBe(401);
  });
});

describe("cookies", () => {
  const names = ["better-auth.session_token", "__Secure-better-auth.session_token"];
  const cookie = names.map((name) => `${name}=${encodeURIComponent(decoded)}`).join("; ");

  test("are never set", async () => {
    const email = freshEmail();
    const token = (await signUp(app, { email })).json.token;
    const answers = [
      await signIn(app, email),
      await signIn(app, email, "wrong password"),
      await call(app, "GET", "/api/auth/get-session", { token }),
      await me(app, token),
      await call(app, "POST", "/api/auth/request-password-reset", { body: { email } }),
      await call(app, "POST", "/api/auth/sign-out", { token, body: {} }),
      await call(app, "GET", "/api/auth/verify-email?token=x"),
    ];
    for (const { headers } of answers) expect(headers.get("set-cookie")).toBeNull();
  });

  test("sign nobody in, alone or beside a bad bearer", async () => {
    for (const authorization of [undefined, "Bearer nonsense", `Bearer ${raw}`]) {
      const headers = { cookie, ...(authorization && { authorization }) };
      for (const path of ["/api/v1/me", "/api/me"])
        expect((await rawRequest(app, "GET", path, { headers })).status).toBe(401);
      const session = await rawRequest(app, "GET", "/api/auth/get-session", { headers });
      expect(session.text).not.toContain(account.userId);
      const change = await rawRequest(app, "POST", "/api/auth/change-password", {
        headers,
        body: { currentPassword: "correct horse battery", newPassword: "another horse battery" },
      });
      expect(change.status).toBe(401);
    }
  });

  test("do not stand over the bearer of somebody else", async () => {
    const other = await newAccount(app);
    const headers = { cookie, authorization: `Bearer ${other.token}` };
    expect(JSON.parse((await rawRequest(app, "GET", "/api/v1/me", { headers })).text).id).toBe(other.userId);
    const session = await rawRequest(app, "GET", "/api/auth/get-session", { headers });
    expect(JSON.parse(session.text).user.id).toBe(other.userId);
  });
});

describe("a session", () => {
  test("is shown by get-session without its token in raw form", async () => {
    const token = await tokenOf(app, account.email);
    const { status, json, text } = await call(app, "GET", "/api/auth/get-session", { token });
    expect(status).toBe(200);
    expect(json.user).toMatchObject({ id: account.userId, email: account.email });
    const plain = decodeURIComponent(token);
    const own = plain.slice(0, plain.indexOf("."));
    expect(text.replaceAll(plain, "").replaceAll(token, "")).not.toContain(own);
  });

  test("ends with sign-out, and only that one", async () => {
    const [first, second] = [await tokenOf(app, account.email), await tokenOf(app, account.email)];
    const out = await call(app, "POST", "/api/auth/sign-out", { token: first, body: {} });
    expect(out.status).toBe(200);
    expect(out.headers.get("set-auth-token")).toBeNull();
    expect((await me(app, first)).status).toBe(401);
    expect((await me(app, second)).status).toBe(200);
  });

  test("can be signed out of without a body", async () => {
    const token = await tokenOf(app, account.email);
    expect((await call(app, "POST", "/api/auth/sign-out", { token })).status).toBe(200);
    expect((await me(app, token)).status).toBe(401);
  });
});
