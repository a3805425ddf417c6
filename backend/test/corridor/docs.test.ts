import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { headerFlaws } from "./headers.ts";

const app = await startTestApp({ worker: false });
const page = await call(app, "GET", "/api/v1/docs");
const policy = page.headers.get("content-security-policy") ?? "";

test("the page answers anybody, as HTML, with every security header", () => {
  expect(page.status).toBe(200);
  expect(page.headers.get("content-type")).toMatch(/^text\/html/);
  expect(headerFlaws((name) => page.headers.get(name), policy)).toEqual([]);
});

test("its policy allows this origin only, and no inline script", () => {
  const directives = new Map(
    policy.split(";").map((directive) => {
      const [name = "", ...sources] = directive.trim().split(/\s+/);
      return [name, sources];
    }),
  );
  expect(directives.get("default-src")).toEqual(["'none'"]);
  expect(directives.get("script-src")).toEqual(["'self'"]);
  expect(directives.get("connect-src")).toEqual(["'self'"]);
  expect(directives.get("frame-ancestors")).toEqual(["'none'"]);
  const sources = new Set([...directives.values()].flat());
  expect([...sources].sort()).toEqual(["'none'", "'self'", "'unsafe-inline'", "data:"]);
});

test("it names no foreign host and holds no inline script", () => {
  expect(page.text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)/);
});

test("every asset of it loads from here, as what it is", async () => {
  const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? "");
  expect(assets.length).toBeGreaterThanOrEqual(3);
  for (const path of assets) {
    const asset = await call(app, "GET", path);
    expect(asset.status, path).toBe(200);
    const type = { css: "text/css", js: "text/javascript", png: "image/png" }[path.split(".").at(-1) ?? ""];
    expect(asset.headers.get("content-type"), path).toContain(type);
    expect(
      headerFlaws((name) => asset.headers.get(name), policy),
      path,
    ).toEqual([]);
  }
});

test("it shows this very document", async () => {
  const start = await call(app, "GET", "/api/v1/docs/start.js");
  const url = /url: "([^"]+)"/.exec(start.text)?.[1] ?? "";
  expect((await call(app, "GET", url)).json.openapi).toMatch(/^3\.1/);
});

test("other files of the viewer's package are not to be had", async () => {
  for (const path of [
    "package.json",
    "swagger-initializer.js",
    "..%2fpackage.json",
    "%2e%2e/package.json",
    "index.html",
  ]) {
    const { status } = await call(app, "GET", `/api/v1/docs/${path}`);
    expect([401, 404], path).toContain(status);
  }
});
