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
afterAll(() => new Promise<void>((done) => server.close(done)));

const states = async () => {
  const rows = await app.deps.database.sql`select state::text from pgboss.job where name = 'mail'`;
  return rows.map(({ state }) => state);
};

test("a mail waits while the mail server is away and goes out once when it is back", async () => {
  const { email } = await newAccount(app);
  const asked = await call(app, "POST", "/api/auth/request-password-reset", { body: { email } });
  expect(asked.status, "the answer does not wait for the mail server").toBe(200);
  await vi.waitFor(async () => expect(await states()).toContain("retry"), { timeout: 10_000, interval: 50 });
  await new Promise<void>((ready) => {
    server.listen(port, "127.0.0.1", ready);
  });
  await vi.waitFor(async () => expect(new Set(await states())).toEqual(new Set(["completed"])), {
    timeout: 18_000,
    interval: 100,
  });
  const mails = await Promise.all(received.map((text) => PostalMime.parse(text)));
  const resets = mails.filter(({ text }) => text?.includes("/reset-password?token="));
  expect(resets).toHaveLength(1);
  expect(resets[0]?.to?.map(({ address }) => address)).toEqual([email]);
}, 40_000);
