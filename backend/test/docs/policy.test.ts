import { describe, expect, it } from "vitest";
import { read, tableBelow } from "./repository.ts";

const policy = read("SECURITY.md");
const headings = (text: string, level: string): string[] =>
  [...text.matchAll(new RegExp(`^${level} (.+)$`, "gm"))].map(([, heading = ""]) => heading);

describe("SECURITY.md", () => {
  it("has the thirteen sections", () => {
    expect(headings(policy, "##").filter((heading) => /^\d/.test(heading))).toEqual([
      "1. Credentials and Secrets",
      "2. Authentication and Sessions",
      "3. RBAC",
      "4. Database",
      "5. Network",
      "6. HTTP Security Headers",
      "7. Input Validation",
      "8. File Storage",
      "9. Data Encryption",
      "10. Email",
      "11. Monitoring and Incident Response",
      "12. Checklist",
      "13. Hardening History",
    ]);
  });

  it("says by when a report is answered", () => {
    const times = new Map(
      tableBelow(policy, "Reporting a vulnerability").map(([what, when]) => [what, when]),
    );
    expect(times.get("acknowledged")).toBe("within 48 hours");
    expect(times.get("assessment")).toContain("within a week");
    expect([...times.keys()]).toEqual(["acknowledged", "assessment", "fix", "disclosure"]);
  });

  it("proves every line of the checklist by a command", () => {
    const checklist = policy.slice(policy.indexOf("## 12. Checklist"), policy.indexOf("## 13."));
    const lines = checklist.split("\n").filter((line) => /^\| (?!Line )/.test(line));
    expect(lines.length).toBeGreaterThan(40);
    const unproven = lines.filter((line) => !/ \| .*`[^`]+`.* \|$/.test(line));
    expect(unproven).toEqual([]);
  });
});

describe("docs/operations/incident.md", () => {
  it("closes doors in the order of the policy, then looks, then tells", () => {
    expect(headings(read("docs/operations/incident.md"), "###").slice(0, 6)).toEqual([
      "1. Sign-in secret",
      "2. Database passwords",
      "3. Store keys",
      "4. Everything else",
      "5. Read the logs",
      "6. Tell the people",
    ]);
  });
});
