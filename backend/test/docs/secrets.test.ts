import { describe, expect, it } from "vitest";
import { rotatable } from "../../src/config/rotation.ts";
import { secretNames } from "../../src/config/variables.ts";
import { operatorSettings, readCompose } from "../deploy/compose.ts";
import { read, tableBelow } from "./repository.ts";

const runbook = read("docs/operations/secrets.md");
const sections = new Map(
  runbook
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.split("\n", 1)[0] ?? "", text]),
);
const ofCompose = ["docker-compose.prod.yml", "docker-compose.monitoring.yml"].flatMap((path) =>
  Object.keys(readCompose(path, operatorSettings).secrets ?? {}),
);

describe("docs/operations/secrets.md", () => {
  it.each([...Object.keys(rotatable), "S3 keys", "SMTP_PASS"])(
    "says of %s what to do as a routine and in a breach, and who notices",
    (name) => {
      const text = sections.get(name) ?? "";
      expect(text).toMatch(/\*\*Routine( and breach)?\.\*\*/);
      expect(text).toMatch(/\*\*(Breach|Routine and breach)\.\*\*/);
      expect(text).toMatch(/^\*\*Who notices\.\*\* \S/m);
    },
  );

  it("says the same of all others", () => {
    for (const cells of tableBelow(runbook, "The others")) {
      expect(cells).toHaveLength(4);
      for (const cell of cells) expect(cell).not.toBe("");
    }
  });

  it.each([...new Set([...secretNames, ...ofCompose])])("knows %s", (name) => {
    expect(runbook.toLowerCase()).toMatch(new RegExp(`\\b${name.toLowerCase()}\\b`));
  });
});
