import { createServer } from "node:net";
import PostalMime from "postal-mime";
import { SMTPServer } from "smtp-server";
import { afterAll, expect, test, vi } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { selfSignedCertificate } from "../mail/smtp-catcher.ts";
import { newAccount } from "./account.ts";

const port = await new Promise<number>((done) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const address = probe.address();
    probe.close(() => done(typeof address === "object" && address ? address.port : 0));
  });
});
const app = await startTestApp({
  env: { SMTP_HOST: "127.0.0.1", SMTP_PORT: String(port), SMTP_TLS_VERIFY: "false" },
});
const received: string[] = [];
const server = new SMTPServer({
  ...selfSignedCertificate(),
  authOptional: true,
  disableReverseLookup: true,
  logger: false,
  onData(stream, _session, done) {
    let text = "";
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      text += chunk;
    });
    stream.on("end", () => {
      received.push(text);
      done();
    });
  },
});
server.on("error", () => {});
afterAll(async () => {
  // The server waits for the connections that the application keeps open.
  await app.close();
  await new Promise<void>((done) => server.close(done));
});

const states = async () => {
  const rows = await app.deps.database.sql`select state::text from pgboss.job where name = 'mail'`;
  return rows.map(({ state }) => state);
};

const askReset = (email: string) =>
  call(app, "POST", "/api/auth/request-password-reset", { body: { email } });

test("a mail waits while the mail server is away and goes out once when it is back", async () => {
  const [waiting, later] = [await newAccount(app), await newAccount(app)];
  expect((await askReset(waiting.email)).status, "the answer does not wait for the mail server").toBe(200);
  await vi.waitFor(async () => expect(await states()).toContain("retry"), { timeout: 10_000, interval: 50 });
  await new Promise<void>((ready) => {
    server.listen(port, "127.0.0.1", ready);
  });
  // The delay before the next try has passed, and another mail wakes the queue.
  await app.deps.database
    .sql`update pgboss.job set start_after = now() where name = 'mail' and state = 'retry'`;
  expect((await askReset(later.email)).status).toBe(200);
  await vi.waitFor(async () => expect(new Set(await states())).toEqual(new Set(["completed"])), {
    timeout: 15_000,
    interval: 50,
  });
  const mails = await Promise.all(received.map((text) => PostalMime.parse(text)));
  const resets = mails.filter(({ text }) => text?.includes("/reset-password?token="));
  const recipients = resets.flatMap(({ to }) => to?.map(({ address }) => address) ?? []);
  expect(recipients.sort()).toEqual([waiting.email, later.email].sort());
});
