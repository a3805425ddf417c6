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

async function accounts(prepare?: (userId: string) => PromiseLike<unknown>): Promise<string[]> {
  const made = await Promise.all(Array.from({ length: samples / perAccount }, () => newAccount(app)));
  for (const { userId } of made) await prepare?.(userId);
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

const guess = (email: string) => signIn(app, email, "a wrong guess");
const ask = (path: string) => (email: string) => call(app, "POST", `/api/auth/${path}`, { body: { email } });
const unverify = (id: string) => sql`update "user" set email_verified = false where id = ${id}`;
const ban = (id: string) => sql`update "user" set banned_at = now() where id = ${id}`;
const strip = (id: string) => sql`update account set password = null where user_id = ${id}`;

describe("how long the answer takes says nothing about the account:", () => {
  test.each([
    ["a failed sign-in", undefined, guess, 1],
    ["a failed sign-in of a banned person", ban, guess, 1],
    ["a failed sign-in of an account without password", strip, guess, 1],
    ["a request for a password reset", undefined, ask("request-password-reset"), 5],
    ["a request for another verification mail", unverify, ask("send-verification-email"), 5],
  ] as const)("%s", { timeout: 120_000 }, async (_, prepare, request, atOnce) => {
    const measure = async () => tellApart(await accounts(prepare), request, atOnce);
    const areas = [await measure()];
    // Fresh samples once more, before noise is taken for a leak.
    if (Math.abs((areas[0] ?? 0) - 0.5) > 0.1) areas.push(await measure());
    expect(Math.abs((areas.at(-1) ?? 0) - 0.5), `areas ${areas}`).toBeLessThanOrEqual(0.1);
  });
});
