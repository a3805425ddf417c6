import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { anomalyMail } from "../../src/adapters/mail/anomaly-mail.ts";
import { lettersAbout } from "../../src/features/anomalies/anomalies.policy.ts";
import { rules } from "../../src/features/anomalies/anomalies.rules.ts";

const admin = (userId: string) => ({ userId, email: `${userId}@example.test`, name: userId });
const about = (subject: string) => ({
  rule: "denials-by-actor",
  log: "a log",
  subject,
  count: 20,
  foundAt: "2026-01-02T03:04:05Z",
});
const told = (...args: Parameters<typeof lettersAbout>) =>
  lettersAbout(...args).map(({ to, findings }) => [to.userId, findings.map(({ subject }) => subject)]);

describe("who is written to", () => {
  test.each([
    [
      "every admin gets one letter with all findings",
      ["x", "y"],
      ["a", "b"],
      [
        ["a", ["x", "y"]],
        ["b", ["x", "y"]],
      ],
    ],
    [
      "nobody is told about themselves",
      ["a", "x"],
      ["a", "b"],
      [
        ["b", ["a", "x"]],
        ["a", ["x"]],
      ],
    ],
    [
      "the platform hears what is about the only admin",
      ["a", "x"],
      ["a"],
      [
        ["p", ["a"]],
        ["a", ["x"]],
      ],
    ],
    ["the platform hears what is about an organization without admins", ["x"], [], [["p", ["x"]]]],
    [
      "the only platform admin hears of themselves, because there is nobody else",
      ["p"],
      ["p"],
      [["p", ["p"]]],
    ],
  ])("%s", (_, subjects, admins, expected) => {
    expect(told(subjects.map(about), admins.map(admin), [admin("p")])).toEqual(expected);
  });
});

const finding = {
  counts: "refused requests of one person",
  count: 20,
  minutes: 10,
  severity: "medium" as const,
  subjectKind: "network",
  subject: `<img src=x onerror="alert(1)">`,
  foundAt: "2026-01-02T03:04:05Z",
};
const mail = { to: "admin@example.test", name: "<b>Ada</b>", url: "https://app.example.com/" };

test("values are escaped, and a name that reads like a link is left out", () => {
  const { html } = anomalyMail({
    ...mail,
    organizationName: "<script>alert(1)</script>",
    findings: [finding],
  });
  expect(html).not.toMatch(/<(img|script|b)\b/);
  expect(html).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
  const lure = anomalyMail({
    ...mail,
    organizationName: "win.at/casino https://evil.example",
    findings: [finding],
  });
  expect(lure.subject).toBe("Unusual activity in your organization");
  expect(lure.text).not.toContain("evil.example");
});

test("what is serious comes first, and a long list ends", () => {
  const findings = Array.from({ length: 25 }, (_, i) => ({
    ...finding,
    subject: `subject-${i}`,
    severity: i === 24 ? ("high" as const) : ("medium" as const),
  }));
  const { text } = anomalyMail({ ...mail, organizationName: null, findings });
  expect(text.indexOf("Serious: 20 refused")).toBeGreaterThan(0);
  expect(text.indexOf("subject-24")).toBeLessThan(text.indexOf("subject-0"));
  expect(text).not.toContain("subject-23");
  expect(text).toContain("And 5 more.");
});

test("the documentation shows the rules as they are", () => {
  const docs = readFileSync(new URL("../../../docs/operations/anomalies.md", import.meta.url), "utf8");
  const rows = rules.map(
    ({ name, threshold, counts, minutes, logs, severity }) =>
      `| \`${name}\` | ${threshold} ${counts} | ${minutes} min | ${logs === "all" ? "each" : "platform"} | ${severity} |`,
  );
  expect(docs.split("\n").filter((line) => line.startsWith("| `"))).toEqual(rows);
});
