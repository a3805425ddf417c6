import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { freshEmail, newAccount, signIn } from "./account.ts";
import { areaUnderCurve } from "./ranks.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;

const samples = 200;
/** Fewer failures each than lock an account, and fewer requests than mails that are sent to one address. */
const perAccount = 8;

/** Some as they are made, some banned, some without a password and some that never proved their address. */
async function accounts(): Promise<string[]> {
  const made = await Promise.all(Array.from({ length: samples / perAccount }, () => newAccount(app)));
  const every = (nth: number) => made.filter((_, i) => i % 4 === nth).map(({ userId }) => userId);
  await sql`update "user" set banned_at = now() where id in ${sql(every(1))}`;
  await sql`update account set password = null where user_id in ${sql(every(2))}`;
  await sql`update "user" set email_verified = false where id in ${sql(every(3))}`;
  return made.map(({ email }) => email);
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/**
 * The chance that a known address answers later than an unknown one. They take turns in random order, so that a busy
 * machine is busy for both.
 *
 * @param atOnce pairs under way at a time; more than one only where the time is waiting, not work.
 */
async function tellApart(
  known: readonly string[],
  ask: (email: string) => Promise<unknown>,
  atOnce: number,
): Promise<number> {
  const [ofKnown, ofUnknown]: [number[], number[]] = [[], []];
  const pair = async (i: number) => {
    const turns = [
      async () => ofKnown.push(await took(() => ask(known[i % known.length] ?? ""))),
      async () => ofUnknown.push(await took(() => ask(freshEmail()))),
    ];
    if (Math.random() < 0.5) turns.reverse();
    for (const turn of turns) await turn();
  };
  for (let i = 0; i < samples; i += atOnce)
    await Promise.all(Array.from({ length: atOnce }, (_, j) => pair(i + j)));
  return areaUnderCurve(ofKnown, ofUnknown);
}

const ask = (path: string) => (email: string) => call(app, "POST", `/api/auth/${path}`, { body: { email } });

describe("how long the answer takes does not say whether there is an account:", () => {
  test.each([
    ["a failed sign-in", (email: string) => signIn(app, email, "a wrong guess"), 1],
    ["a request for a password reset", ask("request-password-reset"), 20],
    ["a request for another verification mail", ask("send-verification-email"), 20],
  ] as const)("%s", { timeout: 120_000 }, async (_, request, atOnce) => {
    const measure = async () => tellApart(await accounts(), request, atOnce);
    const areas = [await measure()];
    // Fresh samples once more, before noise is taken for a leak.
    if (Math.abs((areas[0] ?? 0) - 0.5) > 0.1) areas.push(await measure());
    expect(Math.abs((areas.at(-1) ?? 0) - 0.5), `areas ${areas}`).toBeLessThanOrEqual(0.1);
  });
});
