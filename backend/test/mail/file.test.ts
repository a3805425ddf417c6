import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import PostalMime from "postal-mime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMail } from "../../src/adapters/mail/create.ts";
import type { MailPort } from "../../src/adapters/mail/port.ts";
import { resetPasswordMail } from "../../src/adapters/mail/templates.ts";

const mailTo = (name: string) =>
  resetPasswordMail({
    to: "ada@example.com",
    name,
    url: "https://app.example.com/reset-password?token=a_b-c",
  });

describe("the file mailbox", () => {
  let dataDir: string;
  let mail: MailPort;
  let seen: [string, string | undefined][];

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "mailbox-"));
    seen = [];
    mail = createMail(
      { dataDir, mail: { driver: "file", from: "Coaching App <no-reply@example.com>" } },
      (to, link) => seen.push([to, link]),
    );
  });
  afterEach(async () => {
    await mail.close();
    await rm(dataDir, { recursive: true });
  });

  it("keeps a mail whole", async () => {
    await mail.send(mailTo("Zoë 你好"));
    const [file] = await readdir(join(dataDir, "mail"));
    const parsed = await PostalMime.parse(await readFile(join(dataDir, "mail", String(file))));
    const sent = mailTo("Zoë 你好");
    expect(parsed.from).toMatchObject({ name: "Coaching App", address: "no-reply@example.com" });
    expect(parsed.to).toMatchObject([{ address: "ada@example.com" }]);
    expect(parsed.subject).toBe(sent.subject);
    expect(parsed.text?.trim()).toBe(sent.text.trim());
    expect(parsed.html?.trim()).toBe(sent.html.trim());
  });

  it("tells of the recipient and the first link", async () => {
    await mail.send(mailTo("Ada"));
    expect(seen).toEqual([["ada@example.com", "https://app.example.com/reset-password?token=a_b-c"]]);
  });

  it("names files in the order they were sent, readable by their owner alone, and leaves nothing unfinished", async () => {
    for (let i = 0; i < 20; i++) await mail.send(mailTo(`Number ${i}`));
    const dir = join(dataDir, "mail");
    const files = (await readdir(dir)).sort();
    expect(files).toHaveLength(20);
    for (const [i, file] of files.entries()) {
      expect(file).toMatch(/^\d{4}-\d\d-\d\dT[\d-]+\.\d{3}Z-[0-9a-f-]{36}\.eml$/);
      expect((await PostalMime.parse(await readFile(join(dir, file)))).text).toContain(`Hello Number ${i},`);
      expect((await stat(join(dir, file))).mode & 0o777).toBe(0o600);
    }
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
  });

  it("refuses a forged recipient or subject and writes nothing", async () => {
    const forged = [
      { ...mailTo("Ada"), to: "ada@example.com,eve@example.com" },
      { ...mailTo("Ada"), subject: "x\r\nBcc: eve@example.com" },
    ];
    for (const message of forged)
      await expect(mail.send(message)).rejects.toMatchObject({ code: "validation_failed" });
    expect(await readdir(dataDir)).toEqual([]);
    expect(seen).toEqual([]);
  });
});
