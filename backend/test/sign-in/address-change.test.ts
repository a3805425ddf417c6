import { describe, expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { someoneWaits } from "../harness/locks.ts";
import { freshEmail, me, newAccount, tokenOf } from "./account.ts";
import { leadsTo, mailTo, type Received, tokenIn } from "./mailbox.ts";

const app = await startTestApp();
const { sql } = app.deps.database;
const other = "another horse battery";

const change = (token: string, newEmail: string) =>
  call(app, "POST", "/api/auth/change-email", { token, body: { newEmail } });
const follow = (link: string) => call(app, "GET", `/api/auth/verify-email?token=${encodeURIComponent(link)}`);
const changePassword = (token: string) =>
  call(app, "POST", "/api/auth/change-password", {
    token,
    body: { currentPassword: password, newPassword: other },
  });
const dead = { status: 400, json: { code: "INVALID_TOKEN" } };

/** The link to agree, sent to the present address. */
async function asked(token: string, email: string, newEmail: string): Promise<string> {
  expect((await change(token, newEmail)).status).toBe(200);
  return tokenIn(
    await mailTo(app, email, (mail) => mail.text.includes(newEmail) && leadsTo("/verify-email")(mail)),
    "/verify-email",
  );
}

/** The link that proves the new address, sent there. */
async function agreed(token: string, email: string, newEmail: string): Promise<string> {
  expect((await follow(await asked(token, email, newEmail))).status).toBe(200);
  return tokenIn(
    await mailTo(app, newEmail, ({ text }) => /use this address for/.test(text)),
    "/verify-email",
  );
}

describe("the link that would move an account to another address", () => {
  const endings: Record<string, (token: string) => Promise<{ status: number }>> = {
    "changed the password": changePassword,
    "signed out all other devices": (token) => call(app, "DELETE", "/api/v1/me/auth-sessions", { token }),
  };
  test.each(Object.entries(endings))("is dead once its owner has %s", async (_, end) => {
    const { email, userId, token } = await newAccount(app);
    const [first, second] = [freshEmail("one"), freshEmail("two")];
    const proof = await agreed(token, email, first);
    expect((await end(await tokenOf(app, email))).status).toBeLessThan(300);
    expect(await follow(proof)).toMatchObject(dead);
    expect(await sql`select email from "user" where id = ${userId}`).toEqual([{ email }]);
    const { token: again, email: mine } = await newAccount(app);
    const consent = await asked(again, mine, second);
    expect((await end(await tokenOf(app, mine))).status).toBeLessThan(300);
    expect(await follow(consent), "nor does the first of the two send the second").toMatchObject(dead);
  });

  test("does not move it again after it was moved back", async () => {
    const { email, userId, token } = await newAccount(app);
    const elsewhere = freshEmail("elsewhere");
    const proof = await agreed(token, email, elsewhere);
    expect((await follow(proof)).status).toBe(200);
    const back = await agreed(await tokenOf(app, elsewhere), elsewhere, email);
    expect((await follow(back)).status).toBe(200);
    expect(await follow(proof)).toMatchObject(dead);
    expect(await sql`select email from "user" where id = ${userId}`).toEqual([{ email }]);
  });

  test("is of the last request only", async () => {
    const { email, token } = await newAccount(app);
    const [wrong, right] = [freshEmail("wrong"), freshEmail("right")];
    const early = await agreed(token, email, wrong);
    const late = await agreed(token, email, right);
    expect(await follow(early)).toMatchObject(dead);
    expect((await follow(late)).status).toBe(200);
    expect((await me(app, await tokenOf(app, right))).json.email).toBe(right);
  });
});

test("a change of the address that is asked for while the password changes comes to nothing", async () => {
  const { userId, token } = await newAccount(app);
  const running: ReturnType<typeof call>[] = [];
  await sql.begin(async (tx) => {
    await tx`select 1 from account where user_id = ${userId} for update`;
    running.push(changePassword(token));
    await someoneWaits(app, 1);
    running.push(change(token, freshEmail("new")));
    await Promise.race([someoneWaits(app, 2), running[1]]);
  });
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 401]);
  expect(await sql`select 1 from verification where value = ${userId}`).toHaveLength(0);
});

test("of two people who move to one address the second stays where they were", async () => {
  const [one, other] = [await newAccount(app), await newAccount(app)];
  const wanted = freshEmail("wanted");
  const proofs: string[] = [];
  for (const { token, email } of [one, other]) {
    expect((await follow(await asked(token, email, wanted))).status).toBe(200);
    const isNew = ({ links }: Received) =>
      !links.some(({ href }) => proofs.some((proof) => href.includes(proof)));
    proofs.push(tokenIn(await mailTo(app, wanted, isNew), "/verify-email"));
  }
  const answers = [];
  for (const proof of proofs) answers.push(await follow(proof));
  expect(answers.map(({ status, json }) => [status, json.code])).toEqual([
    [200, undefined],
    [409, "conflict"],
  ]);
  expect((await me(app, other.token)).json.email).toBe(other.email);
});
