import { readFileSync } from "node:fs";
import postgres from "postgres";
import { expect, test } from "vitest";
import type { Command } from "../../src/coachctl/command.ts";
import { reencrypt } from "../../src/coachctl/keys.ts";
import { rotate } from "../../src/coachctl/rotate.ts";
import { afterwards } from "../harness/afterwards.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant } from "../harness/client.ts";
import { mailJobsTo } from "../harness/waiting-mails.ts";
import { invite } from "../invitations/inbox.ts";
import { freshSecret, secretFolder } from "../secret-files/secret-file.ts";
import { freshEmail, newAccount, signIn, signUp } from "../sign-in/account.ts";
import { leadsTo, mailTo, tokenIn } from "../sign-in/mailbox.ts";

const { file, write } = secretFolder();
const path = file("data_keys", `1:${freshSecret()}`);
const ring = () => readFileSync(path, "utf8").trim();
const app = await startTestApp({
  worker: false,
  env: { DATA_KEYS_FILE: path, REQUIRE_EMAIL_VERIFICATION: "on" },
});
const superuser = postgres(app.database.superUrl, { max: 1, onnotice: () => {} });
afterwards(() => superuser.end());

/** Every row of every table, as whoever has a dump would read it. */
async function dump(): Promise<string> {
  const tables = await superuser`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema')`;
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await superuser.unsafe(`select t::text as text from ${name} t`);
    texts.push(...rows.map(({ text }) => text));
  }
  return texts.join("\n");
}

async function coachctl(command: Command, ...words: string[]) {
  const lines: string[] = [];
  const code = await command.run({
    environment: { NODE_ENV: "test", DATABASE_URL: app.database.appUrl, DATA_KEYS_FILE: path },
    arguments: words,
    print: (text) => void lines.push(text),
    readLine: async () => "",
  });
  return { code, text: lines.join("\n") };
}

test("links that open accounts stand in no table, and arrive all the same, also after their key was replaced", async () => {
  const { email } = await newAccount(app);
  const [newcomer, guest] = [freshEmail(), freshEmail()];
  const { organizationId, people } = await createTenant(app);
  await call(app, "POST", "/api/auth/request-password-reset", { body: { email } });
  expect((await signUp(app, { email: newcomer })).status).toBe(200);
  expect((await invite(app, organizationId, people.org_admin, guest)).status).toBe(201);

  const mails = (await Promise.all([email, newcomer, guest].map((to) => mailJobsTo(app, to)))).flat();
  const tokens = mails.flatMap(({ text }) =>
    [...text.matchAll(/(?:token=|\/invitations\/)([\w.-]{20,})/g)].map(([, token = ""]) => token),
  );
  expect(tokens.length).toBeGreaterThanOrEqual(3);
  const before = await dump();
  expect(before, "the dump is one").toContain(email);
  for (const token of tokens) expect(before).not.toContain(token);

  const old = ring();
  await coachctl(rotate, "DATA_KEYS", "--wait", "0");
  await app.deps.live.refresh();
  const moved = await coachctl(reencrypt);
  expect(moved).toMatchObject({ code: 0 });
  expect(moved.text).toMatch(
    /^Mails in the queue: [1-9]\d* moved to data key 2\. There are\n {2}\d+ under data key 2\n/,
  );
  write("data_keys", ring().replace(`,${old}`, ""));
  expect(ring()).toMatch(/^2:[^,]+$/);
  await app.deps.live.refresh();
  const after = await dump();
  for (const token of tokens) expect(after).not.toContain(token);
  expect(after).not.toContain("v1.1.");

  await app.deps.startWorker();
  const token = tokenIn(await mailTo(app, email, leadsTo("/reset-password")), "/reset-password");
  const body = { token, newPassword: "another horse battery" };
  expect((await call(app, "POST", "/api/auth/reset-password", { body })).status).toBe(200);
  expect((await signIn(app, email, body.newPassword)).status).toBe(200);
  await mailTo(app, newcomer, leadsTo("/verify-email"));
  await mailTo(app, guest, ({ text }) => text.includes("/invitations/"));
  const sent = await dump();
  for (const one of tokens) expect(sent).not.toContain(one);
});

test("encrypting anew ends with 1 and names the key while something needs one that is gone", async () => {
  const first = ring();
  const { email } = await newAccount(app);
  // Of a server that was told another ring: nobody here may send it.
  const other = await startTestApp({
    worker: false,
    database: app.database,
    env: { DATA_KEYS: `9:${freshSecret()}` },
  });
  await other.deps.queue.enqueue("mail", { to: email, subject: "s", text: "t", html: "h" });
  const { code, text } = await coachctl(reencrypt);
  expect(code).toBe(1);
  expect(text).toContain("  1 under data key 9; DATA_KEYS does not open 1 of them\n");
  expect(text).not.toContain(first.slice(2));
});
