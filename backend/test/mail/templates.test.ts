import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { html } from "../../src/adapters/mail/html.ts";
import {
  emailChangeMail,
  existingAccountMail,
  fileQuarantinedMail,
  newAddressMail,
  passwordChangedMail,
  resetPasswordMail,
  twoFactorChangedMail,
  verifyEmailMail,
} from "../../src/adapters/mail/templates.ts";

const recipient = { to: "ada@example.com", name: "Ada", url: "https://app.example.com/x?token=abc&y=1" };

const every = [
  ["verify", verifyEmailMail],
  ["new address", newAddressMail],
  ["reset", resetPasswordMail],
  ["existing account", existingAccountMail],
  ["password changed", passwordChangedMail],
  ["file in quarantine", fileQuarantinedMail],
  ["two-factor on", (r: typeof recipient) => twoFactorChangedMail({ ...r, enabled: true })],
  ["two-factor off", (r: typeof recipient) => twoFactorChangedMail({ ...r, enabled: false })],
  ["e-mail change", (r: typeof recipient) => emailChangeMail({ ...r, newEmail: "new@example.com" })],
] as const;

const unescaped = (markup: string) =>
  markup
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");

describe("the html tag", () => {
  it("lets no text become markup, and loses none of it", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("<", ">", '"', "'", "&", "a", "&lt;", "script") }),
        (text) => {
          const { markup } = html`<p title="${text}">${text}</p>`;
          const inner = markup.slice('<p title="'.length, -"</p>".length);
          const [attribute = "", content = ""] = inner.split('">', 2);
          expect(attribute + content).not.toMatch(/[<>"']/);
          expect(unescaped(attribute)).toBe(text);
          expect(unescaped(content)).toBe(text);
        },
      ),
    );
  });

  it("takes other pieces as they are", () => {
    expect(html`<ul>${["a", "<"].map((x) => html`<li>${x}</li>`)}</ul>`.markup).toBe(
      "<ul><li>a</li><li>&lt;</li></ul>",
    );
  });
});

describe.each(every)("the %s mail", (_name, make) => {
  it("goes to the recipient with the link in text, button and copy line", () => {
    const mail = make(recipient);
    expect(mail.to).toBe("ada@example.com");
    expect(mail.subject).not.toBe("");
    expect(mail.text).toContain("Hello Ada,");
    expect(mail.text).toContain(`\n${recipient.url}\n`);
    expect(mail.html.split('href="https://app.example.com/x?token=abc&amp;y=1"')).toHaveLength(3);
  });

  it("has the same tags whatever the name is", () => {
    const tags = (markup: string) => markup.match(/<[^>]*>/g);
    const expected = tags(make(recipient).html);
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom("<script>alert(1)</script>", '"><img src=x>')),
        (name) => {
          expect(tags(make({ ...recipient, name }).html)).toEqual(expected);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("fetches nothing from anywhere", () => {
    expect(make(recipient).html).not.toMatch(/<(img|link|script|style|iframe)|url\(|@import/i);
  });

  it.each(["javascript:alert(1)", "data:text/html,x", "//evil.example", "/relative", "", "mailto:a@b.c"])(
    "refuses to link to %j",
    (url) => {
      expect(() => make({ ...recipient, url })).toThrow(expect.objectContaining({ code: "internal" }));
    },
  );

  it("never lets a link break out of its line or attribute", () => {
    const mail = make({ ...recipient, url: 'https://app.example.com/"><b>\r\nBcc: x' });
    expect(mail.text.split("\n").filter((line) => line.startsWith("Bcc"))).toEqual([]);
    expect(mail.html).not.toContain("<b>");
  });
});

describe("the greeting", () => {
  const hello = (name: string) => verifyEmailMail({ ...recipient, name }).text.split("\n")[0];

  it.each([
    ["Dr. Ada Lovelace", "Hello Dr. Ada Lovelace,"],
    ["J.R.R. Tolkien", "Hello J.R.R. Tolkien,"],
    ["  Ada\r\n\r\nLovelace ", "Hello Ada Lovelace,"],
    ["你好", "Hello 你好,"],
  ])("keeps the name %j", (name, expected) => {
    expect(hello(name)).toBe(expected);
  });

  it.each([
    "",
    "   ",
    "Win at https://evil.example",
    "visit www.evil.example",
    "evil.com",
    "mail me@evil.example",
    "x".repeat(101),
  ])("leaves out %j, which is no name", (name) => {
    expect(hello(name)).toBe("Hello,");
  });
});
