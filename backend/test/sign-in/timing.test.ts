import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createPasswords } from "../../src/auth/password.ts";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { freshEmail, signIn } from "./account.ts";
import { areaUnderCurve } from "./ranks.ts";

// Beyond the cap on failures everybody is refused at once, which tells nobody anything, and proves nothing.
const app = await startTestApp({ worker: false, env: { AUTH_FAILURES_MAX: "100000" } });
const { sql } = app.deps.database;
const hash = await createPasswords({ concurrency: 1 }).hash(password);

/** Fewer failures each than lock an account, and fewer requests than mails that are sent to one address. */
const perAccount = 8;

/** Some as they are made, some banned, some without a password and some that never proved their address. */
async function accounts(requests: number): Promise<string[]> {
  const people = Array.from({ length: Math.ceil(requests / perAccount) }, (_, i) => ({
    id: randomUUID(),
    name: "Test Person",
    email: freshEmail(),
    banned_at: i % 4 === 1 ? new Date() : null,
    email_verified: i % 4 !== 3,
  }));
  const credentials = people.map(({ id }, i) => ({
    id: randomUUID(),
    account_id: id,
    provider_id: "credential",
    user_id: id,
    password: i % 4 === 2 ? null : hash,
  }));
  await sql`insert into "user" ${sql(people)}`;
  await sql`insert into account ${sql(credentials)}`;
  return people.map(({ email }) => email);
}

interface Request {
  readonly ask: (email: string) => Promise<{ status: number }>;
  readonly status: number;
  readonly samples: number;
  /** Pairs under way at a time. */
  readonly atOnce: number;
}

/**
 * The chance that a known address answers later than an unknown one. They take turns in random order, so that a busy
 * machine is busy for both.
 */
async function tellApart({ ask, status, samples, atOnce }: Request): Promise<number> {
  const known = await accounts(samples);
  const took = async (email: string) => {
    const began = performance.now();
    const answer = await ask(email);
    const ms = performance.now() - began;
    expect(answer.status).toBe(status);
    return ms;
  };
  const [ofKnown, ofUnknown]: [number[], number[]] = [[], []];
  const pair = async (i: number) => {
    const turns = [
      async () => ofKnown.push(await took(known[i % known.length] ?? "")),
      async () => ofUnknown.push(await took(freshEmail())),
    ];
    if (Math.random() < 0.5) turns.reverse();
    for (const turn of turns) await turn();
  };
  let next = 0;
  const line = async () => {
    while (next < samples) await pair(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, line));
  return areaUnderCurve(ofKnown, ofUnknown);
}

const mail = (path: string) => ({
  ask: (email: string) => call(app, "POST", `/api/auth/${path}`, { body: { email } }),
  status: 200,
  samples: 100,
  atOnce: 20,
});

describe("how long the answer takes does not say whether there is an account:", () => {
  test.each<[string, Request]>([
    [
      "a failed sign-in",
      // As many at once as passwords are hashed: where the hash is missing, no wait for a turn hides it.
      { ask: (email) => signIn(app, email, "a wrong guess"), status: 401, samples: 200, atOnce: 2 },
    ],
    ["a request for a password reset", mail("request-password-reset")],
    ["a request for another verification mail", mail("send-verification-email")],
  ])("%s", { timeout: 240_000 }, async (_, request) => {
    const bound = 0.12;
    const offChance = (area = 1) => Math.abs(area - 0.5);
    const areas = [await tellApart(request)];
    // Fresh samples, up to twice, before noise is taken for a leak.
    while (areas.length < 3 && offChance(areas.at(-1)) > bound) areas.push(await tellApart(request));
    expect(offChance(areas.at(-1)), `areas ${areas}`).toBeLessThanOrEqual(bound);
  });
});
