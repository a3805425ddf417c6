import { createServer } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import PostalMime from "postal-mime";
import type { SMTPServerOptions } from "smtp-server";
import { afterEach, describe, expect, it } from "vitest";
import { createMail } from "../../src/adapters/mail/create.ts";
import { verifyEmailMail } from "../../src/adapters/mail/templates.ts";
import { selfSignedCertificate, startSmtpCatcher } from "./smtp-catcher.ts";

const certificate = selfSignedCertificate();
const message = verifyEmailMail({
  to: "ada@example.com",
  name: "Zoë",
  url: "https://app.example.com/v?token=t",
});
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

type SmtpSettings = {
  secure?: boolean;
  verifyCertificate?: boolean;
  allowPlaintext?: boolean;
  user?: string;
  password?: string;
};

function mailAt(port: number, settings: SmtpSettings = {}) {
  const mail = createMail({
    dataDir: "/nonexistent",
    mail: {
      driver: "smtp",
      from: "Coaching App <no-reply@example.com>",
      host: "localhost",
      port,
      secure: false,
      user: undefined,
      password: undefined,
      verifyCertificate: true,
      allowPlaintext: false,
      ...settings,
    },
  });
  cleanUps.push(() => mail.close());
  return mail;
}

async function catcher(options: SMTPServerOptions = {}) {
  const server = await startSmtpCatcher({ ...certificate, ...options });
  cleanUps.push(server.stop);
  return server;
}

function trustTheCertificate() {
  const before = getCACertificates("default");
  setDefaultCACertificates([...before, certificate.cert]);
  cleanUps.push(() => setDefaultCACertificates(before));
}

describe("SMTP", () => {
  it("delivers a mail whole over STARTTLS, with a certificate that verifies", async () => {
    trustTheCertificate();
    const server = await catcher();
    await mailAt(server.port).send(message);
    expect(server.caught).toHaveLength(1);
    const [mail] = server.caught;
    expect(mail).toMatchObject({
      encrypted: true,
      sender: "no-reply@example.com",
      recipients: ["ada@example.com"],
    });
    const parsed = await PostalMime.parse(mail?.raw ?? "");
    expect(parsed.subject).toBe(message.subject);
    expect(parsed.from).toMatchObject({ name: "Coaching App", address: "no-reply@example.com" });
    expect(parsed.text?.trim()).toBe(message.text.trim());
    expect(parsed.html?.trim()).toBe(message.html.trim());
    expect(parsed.headers.find((h) => h.key === "auto-submitted")?.value).toBe("auto-generated");
  });

  it("delivers over TLS from the first byte, and signs in", async () => {
    const server = await catcher({
      secure: true,
      authOptional: false,
      onAuth: ({ username, password }, _session, done) =>
        password === "secret" ? done(null, { user: username ?? "" }) : done(new Error("no")),
    });
    const settings = { secure: true, verifyCertificate: false, user: "mailer" };
    await mailAt(server.port, { ...settings, password: "secret" }).send(message);
    expect(server.caught).toMatchObject([{ encrypted: true, user: "mailer" }]);
    await expect(mailAt(server.port, { ...settings, password: "wrong" }).send(message)).rejects.toThrow(
      /EAUTH/,
    );
  });

  it.each([{ secure: false }, { secure: true }])(
    "refuses a certificate that does not verify, and sends nothing (%o)",
    async ({ secure }) => {
      const server = await catcher({ secure });
      await expect(mailAt(server.port, { secure }).send(message)).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringMatching(/self-signed/),
      });
      expect(server.caught).toEqual([]);
      await mailAt(server.port, { secure, verifyCertificate: false }).send(message);
      expect(server.caught).toHaveLength(1);
    },
  );

  it("never falls back to plain text unless that is allowed", async () => {
    const server = await catcher({ disabledCommands: ["STARTTLS"] });
    await expect(mailAt(server.port).send(message)).rejects.toMatchObject({ code: "unavailable" });
    expect(server.caught).toEqual([]);
    await mailAt(server.port, { allowPlaintext: true }).send(message);
    expect(server.caught).toMatchObject([{ encrypted: false }]);
  });

  it("lets no name add a header", async () => {
    const server = await catcher();
    const mail = mailAt(server.port, { verifyCertificate: false });
    await mail.send(
      verifyEmailMail({
        to: "ada@example.com",
        name: "Ada\r\nBcc: eve@example.com\r\n\r\n<script>x</script>",
        url: "https://app.example.com/v",
      }),
    );
    const parsed = await PostalMime.parse(server.caught[0]?.raw ?? "");
    expect(server.caught[0]?.recipients).toEqual(["ada@example.com"]);
    expect(parsed.bcc).toBeUndefined();
    expect(parsed.headers.map((h) => h.key).sort()).toEqual(
      [
        "auto-submitted",
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "subject",
        "to",
      ].sort(),
    );
  });

  it("lets no subject add a header and no address add a recipient", async () => {
    const server = await catcher();
    const mail = mailAt(server.port, { verifyCertificate: false });
    const forged = [
      { ...message, subject: "Hello\r\nBcc: eve@example.com" },
      { ...message, to: "ada@example.com,eve@example.com" },
      { ...message, to: "ada@example.com\r\nRCPT TO:<eve@example.com>" },
      { ...message, to: "Ada <eve@example.com>" },
    ];
    for (const attempt of forged)
      await expect(mail.send(attempt)).rejects.toMatchObject({ code: "validation_failed" });
    expect(server.caught).toEqual([]);
  });

  it.each([
    [550, "unprocessable"],
    [451, "unavailable"],
  ])("says why a recipient was refused (%i), without saying who it was", async (responseCode, code) => {
    const server = await catcher({
      onRcptTo: ({ address }, _session, done) =>
        done(Object.assign(new Error(`no such user ${address}`), { responseCode })),
    });
    const refusal = await mailAt(server.port, { verifyCertificate: false })
      .send(message)
      .catch((e) => e);
    expect(refusal).toMatchObject({ code, message: expect.stringContaining(`EENVELOPE ${responseCode}`) });
    expect(JSON.stringify({ ...refusal, message: refusal.message, cause: refusal.cause })).not.toContain(
      "ada@",
    );
  });

  it("gives up on a server that accepts and stays silent", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((ready) => {
      silent.listen(0, "localhost", ready);
    });
    cleanUps.push(() => silent.close());
    const { port } = silent.address() as { port: number };
    await expect(mailAt(port).send(message)).rejects.toMatchObject({ code: "unavailable" });
  }, 12_000);
});
