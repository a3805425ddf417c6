import { randomBytes } from "node:crypto";
import type { TestApp } from "../harness/app.ts";
import { call, createPerson } from "../harness/client.ts";
import type { AttemptRequest } from "./attempt-request.ts";
import { edited, makeSession, signed } from "./sessions.ts";

/** A credential that must not open anything. */
export interface BadCredential {
  readonly name: string;
  readonly headers: Record<string, string>;
  readonly query?: string;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const jwt = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from('{"sub":"x"}').toString("base64url")}.`;

/** Every way to be nobody, made once: all but the last few hold a session that lives. */
export async function badCredentials(app: TestApp): Promise<readonly BadCredential[]> {
  const [person, banned] = await Promise.all([createPerson(app), createPerson(app)]);
  const live = await makeSession(app, person.userId);
  const expired = await makeSession(app, person.userId, { expiresAt: new Date(Date.now() - 1000) });
  const revoked = await makeSession(app, person.userId);
  const { sql } = app.deps.database;
  await sql`delete from session where id = ${revoked.id}`;
  await sql`update "user" set banned_at = now() where id = ${banned.userId}`;
  const check = await call(app, "GET", "/api/v1/me", { token: live.token });
  if (check.status !== 200) throw new Error(`the live session is ${check.status}`);
  return [
    { name: "no token", headers: {} },
    { name: "an empty token", headers: { authorization: "Bearer " } },
    { name: "the raw session token", headers: bearer(live.raw) },
    { name: "a JWT", headers: bearer(jwt) },
    { name: "a foreign signature", headers: bearer(signed(live.raw, randomBytes(32).toString("hex"))) },
    { name: "an edited signature", headers: bearer(edited(live.token)) },
    { name: "a third part", headers: bearer(`${live.token}.x`) },
    { name: "another scheme", headers: { authorization: `Basic ${live.token}` } },
    { name: "an expired session", headers: bearer(expired.token) },
    { name: "a revoked session", headers: bearer(revoked.token) },
    { name: "a banned user", headers: bearer(banned.token) },
    {
      name: "a token in cookies only",
      headers: { cookie: `better-auth.session_token=${live.token}; session=${live.token}` },
    },
    { name: "a token in the query only", headers: {}, query: `?token=${live.token}` },
    { name: "the raw token of a made-up API key", headers: bearer(`ck_${live.raw}`) },
  ];
}

/** Tries each bad credential on a request; returns what did not answer 401 `unauthenticated`. */
export async function tryBadCredentials(
  app: TestApp,
  credentials: readonly BadCredential[],
  { method, path, body }: AttemptRequest,
): Promise<string[]> {
  const outcomes = await Promise.all(
    credentials.map(async ({ name, headers, query = "" }) => {
      const { status, json, headers: answered } = await call(app, method, path + query, { body, headers });
      const asExpected =
        status === 401 &&
        json?.code === "unauthenticated" &&
        answered.get("www-authenticate") === "Bearer" &&
        answered.get("set-cookie") === null;
      return asExpected ? [] : [`${name}: ${status} ${json?.code}`];
    }),
  );
  return outcomes.flat();
}
