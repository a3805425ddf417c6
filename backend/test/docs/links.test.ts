import { existsSync } from "node:fs";
import { posix } from "node:path";
import { expect, it } from "vitest";
import { anchorsOf, documents, linksIn } from "./documents.ts";

const repository = new URL("../../../", import.meta.url);

it("finds the documents and their links", () => {
  expect(documents.length).toBeGreaterThan(30);
  expect(documents.flatMap(linksIn).length).toBeGreaterThan(100);
});

it.each(documents)("%s links to what exists", (path) => {
  const dead = linksIn(path)
    .filter((target) => !/^(https?|mailto):/.test(target))
    .filter((target) => {
      const [file = "", anchor] = target.split("#");
      const to = file === "" ? path : posix.join(posix.dirname(path), file);
      if (!existsSync(new URL(to, repository))) return true;
      return anchor !== undefined && to.endsWith(".md") && !anchorsOf(to).has(anchor);
    });
  expect(dead).toEqual([]);
});

it("leads to every document from the overview or from one that it leads to", () => {
  const reached = new Set(["docs/README.md"]);
  for (const path of reached)
    for (const target of linksIn(path).filter((link) => !link.includes(":"))) {
      const to = posix.join(posix.dirname(path), target.split("#")[0] ?? "");
      if (to.endsWith(".md")) reached.add(to);
    }
  const unreachable = documents.filter((path) => path.startsWith("docs/") && !reached.has(path));
  expect(unreachable).toEqual([]);
});
