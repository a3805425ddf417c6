import { describe, expect, it } from "vitest";
import { contacts } from "../../src/config/values/contacts.ts";

describe("SECURITY_CONTACT", () => {
  it.each([
    ["a@example.org", ["mailto:a@example.org"]],
    ["mailto:a@example.org", ["mailto:a@example.org"]],
    ["https://example.org/report, tel:+49-30-1", ["https://example.org/report", "tel:+49-30-1"]],
  ])("reads %j", (text, expected) => expect(contacts.parse(text)).toEqual(expected));

  it.each([
    "",
    "nobody",
    "http://example.org",
    "javascript:alert(1)",
    "a@example.org\nContact: mailto:evil@example.org",
    "https://example.org/\r\nPolicy: https://evil.example",
    "mailto:a@example.org?subject=x@y",
    "a@example.org,nobody",
  ])("refuses %j", (text) => expect(contacts.safeParse(text).success).toBe(false));
});
