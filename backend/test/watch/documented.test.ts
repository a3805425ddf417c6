import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { METRICS_TOKEN } from "./metrics.ts";

const file = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

const app = await startTestApp({ worker: false, env: { METRICS_TOKEN } });
const page = (await call(app, "GET", "/metrics", { token: METRICS_TOKEN })).text;
const types = new Map(
  [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]),
);
/** What a query may name: a histogram has three names. */
const offered = new Set(
  [...types].flatMap(([name, type]) =>
    type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name + end) : [name],
  ),
);
const namedIn = (query: string): string[] => query.match(/\b(coaching|nodejs|process)_\w+/g) ?? [];

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number };
    readonly targets: readonly { readonly expr: string }[];
  }[];
}
const rules = (parse(file("docker/monitoring/alerts.yml")) as Rules).groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(file("docker/monitoring/grafana-dashboard.json")) as Dashboard;

describe("the alerts", () => {
  it.each(rules.map(({ alert, expr }) => [alert, expr]))("%s asks for metrics that there are", (_, expr) => {
    const names = namedIn(expr);
    expect(names.length + (expr.includes("up{") ? 1 : 0)).toBeGreaterThan(0);
    for (const name of names) expect(offered).toContain(name);
  });

  it("are all tried out", () => {
    const tests = file("docker/monitoring/alerts.test.yml");
    for (const { alert } of rules) expect(tests).toContain(alert);
  });
});

describe("the dashboard", () => {
  it.each(dashboard.panels.map(({ title, targets }) => [title, targets]))(
    "%s shows metrics that there are",
    (_, targets) => {
      for (const { expr } of targets) {
        expect(namedIn(expr).length).toBeGreaterThan(0);
        for (const name of namedIn(expr)) expect(offered).toContain(name);
      }
    },
  );

  it("has every metric of ours somewhere", () => {
    const shown = new Set(
      dashboard.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => namedIn(expr))),
    );
    const unseen = [...types.keys()].filter(
      (name) => name.startsWith("coaching_") && ![...shown].some((one) => one.startsWith(name)),
    );
    expect(unseen).toEqual([]);
  });

  it("has panels with ids and places of their own", () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ gridPos: { x, y } }) => `${x} ${y}`)).size).toBe(panels.length);
  });
});

describe("the documentation", () => {
  const text = file("docs/operations/monitoring.md");

  it("has every metric of ours, and no other", () => {
    const listed = [...text.matchAll(/^\| `(coaching_\w+)` \|/gm)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(
      [...types.keys()].filter((name) => name.startsWith("coaching_")).toSorted(),
    );
  });

  it("has the labels that each metric has", () => {
    const rows = [...text.matchAll(/^\| `(coaching_\w+)` \| ([\w, ]*)\|/gm)];
    const labels = new Map(rows.map(([, name = "", list = ""]) => [name, list.trim()]));
    for (const [, name = "", own = ""] of page.matchAll(
      /^(coaching_\w+?)(?:_bucket|_sum|_count)?\{(.*)\}/gm,
    )) {
      const seen = [...own.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) => label !== "le");
      expect(labels.get(name), name).toBe(seen.join(", "));
    }
  });
});
