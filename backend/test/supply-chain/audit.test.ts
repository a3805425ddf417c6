import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("../../../.ci/audit.sh", import.meta.url));

/** What the registry answers to the next audit. */
let answer: { status: number; body: unknown };
const registry = createServer((request, response) => {
  request.resume().on("end", () => {
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.body));
  });
});

const advisory = (severity: string) => ({
  hono: [
    { id: 1, url: "https://example.test/1", title: "A flaw", severity, vulnerable_versions: "<99", cwe: [] },
  ],
});

const audit = () =>
  new Promise<{ code: number; output: string }>((resolve) => {
    const { port } = registry.address() as AddressInfo;
    execFile("bash", [script, "--registry", `http://127.0.0.1:${port}/`], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, output: `${stdout}${stderr}` }),
    );
  });

describe("v5.0.0-15.1.1 the audit of dependencies", () => {
  beforeAll(() => new Promise<void>((resolve) => void registry.listen(0, "127.0.0.1", resolve)));
  afterAll(() => new Promise((resolve) => registry.close(resolve)));

  it.each(["high", "critical"])("fails on a vulnerability that is %s, and names it", async (severity) => {
    answer = { status: 200, body: advisory(severity) };
    const { code, output } = await audit();
    expect(output).toContain(`${severity}: hono <99: A flaw`);
    expect(code).not.toBe(0);
  });

  it("passes over a moderate one, and counts it", async () => {
    answer = { status: 200, body: advisory("moderate") };
    const { code, output } = await audit();
    expect(output).toContain('"moderate":1');
    expect(code).toBe(0);
  });

  it("passes when nothing is known", async () => {
    answer = { status: 200, body: {} };
    const { code, output } = await audit();
    expect(output).toContain("known vulnerabilities:");
    expect(output).not.toContain("NOT CHECKED");
    expect(code).toBe(0);
  });

  it("says that nothing was checked when the registry answers no audits, and fails nothing", async () => {
    answer = { status: 405, body: {} };
    const { code, output } = await audit();
    expect(output).toContain("NOT CHECKED");
    expect(code).toBe(0);
  });
});
