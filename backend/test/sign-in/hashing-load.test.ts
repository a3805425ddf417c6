import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { freshEmail, newAccount, signIn, tally } from "./account.ts";

const app = await startTestApp({ env: { ARGON2_CONCURRENCY: "2" } });

test("a burst of sign-ins is answered or turned away, and /health answers meanwhile", async () => {
  const accounts = await Promise.all(Array.from({ length: 5 }, () => newAccount(app)));
  let open = 0;
  const track = async (email: string) => {
    open += 1;
    return signIn(app, email).finally(() => {
      open -= 1;
    });
  };
  // Unknown addresses fill the queue as known ones do: the 25 of the accounts alone would not.
  const emails = Array.from({ length: 300 }, (_, i) => accounts[i % 60]?.email ?? freshEmail());
  const burst = Promise.all(emails.map(track));
  const health = await call(app, "GET", "/health");
  expect(health.status).toBe(200);
  expect(open, "the burst was over before /health answered").toBeGreaterThan(0);
  const answers = await burst;
  expect(Object.keys(tally(answers)).filter((status) => !["200", "401", "503"].includes(status))).toEqual([]);
  const away = answers.filter(({ status }) => status === 503);
  expect(away.length).toBeGreaterThan(0);
  for (const { headers, json } of away) {
    expect(json.code).toBe("unavailable");
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  }
  for (const { email } of accounts) expect((await signIn(app, email)).status).toBe(200);
});
