import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkAddress, checkSubject } from "../../src/adapters/mail/address.ts";

const refusal = expect.objectContaining({ code: "validation_failed" });
const refused = (address: string) => {
  expect(() => checkAddress(address), JSON.stringify(address)).toThrow(refusal);
};

describe("a mail's recipient", () => {
  it("may be any ordinary address", () => {
    fc.assert(fc.property(fc.emailAddress(), (address) => checkAddress(address) === address));
    for (const address of ["o'brien+tag@mail.example.co.uk", "dev@localhost", "jörg@müller.example"])
      expect(checkAddress(address)).toBe(address);
  });

  it("is refused with anything in it that could add a recipient or a header", () => {
    const trick = fc.constantFrom(
      "\r",
      "\n",
      "\0",
      "\t",
      " ",
      ",",
      ";",
      "<",
      ">",
      '"',
      "(",
      ")",
      ":",
      "\\",
      "\u2028",
      "\u00a0",
      "\u202e",
      "@",
    );
    fc.assert(
      fc.property(fc.emailAddress(), trick, fc.nat(), (address, character, at) => {
        const position = at % (address.length + 1);
        refused(address.slice(0, position) + character + address.slice(position));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    "",
    "nobody",
    "@example.com",
    "a@",
    "a@b@c",
    "a@example.com,b@example.com",
    "a@example.com;b@example.com",
    "Name <a@example.com>",
    "a@example.com\r\nBcc: b@example.com",
    "a@example.com\n",
    '"a b"@example.com',
    "group:a@example.com;",
    "a..b@example.com",
    ".a@example.com",
    "a@-example.com",
    "a@example.com.",
    "a@[127.0.0.1]",
  ])("is refused as %j", refused);

  it("is at most 254 characters long, and refused quickly when it is huge", () => {
    const domain = "@example.com";
    expect(checkAddress("a".repeat(254 - domain.length) + domain)).toHaveLength(254);
    refused("a".repeat(255 - domain.length) + domain);
    refused(`a@${"a-".repeat(500_000)}`);
  });
});

describe("a mail's subject", () => {
  it("is one line without control characters", () => {
    expect(checkSubject("Grüße, 你好 – it’s fine")).toBe("Grüße, 你好 – it’s fine");
    for (const c of ["\r", "\n", "\0", "\u0085", "\u2028", "\u2029"])
      expect(() => checkSubject(`a${c}Bcc: b@example.com`)).toThrow(refusal);
  });
});
