import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { inflateSync } from "node:zlib";
import { fileTypeFromBuffer } from "file-type";
import { expect, test } from "vitest";
import { samplePdf, samplePng } from "../../scripts/demo-samples.ts";
import { createDemoData } from "../../src/seed/demo-data.ts";
import { startTestApp } from "../harness/app.ts";

const script = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));
const app = await startTestApp();
await createDemoData(app.deps.db, app.deps.passwords);
const bare = await startTestApp();

async function runDemo(url: string, byPort = false): Promise<{ code: number | null; output: string }> {
  const env = { ...process.env, PORT: new URL(url).port };
  const child = byPort
    ? spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "pipe"], env })
    : spawn(process.execPath, [script, "--url", url], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

test("without demo accounts the demo says so and fails", async () => {
  const { code, output } = await runDemo(bare.url);
  expect(output).toContain("admin@northwind.test cannot sign in: this server has no demo data");
  expect(code).toBe(1);
});

test("the demo goes to the server of the same PORT", async () => {
  const { output } = await runDemo(bare.url, true);
  expect(output).toContain(`a tour of http://localhost:${new URL(bare.url).port}`);
});

test("the demo walks the main job to its end, twice in a row, and shows no whole token", async () => {
  for (const round of [1, 2]) {
    const { code, output } = await runDemo(app.url);
    expect(output, `round ${round}`).toContain("\nProven: ");
    expect(code).toBe(0);
    expect(output.match(/the same$/gm)).toHaveLength(2);
    expect(output).not.toMatch(/[\w-]{32}\.[\w-]{43}/);
    expect(output).not.toContain("signature=");
  }
});

test("the demo fails when a stranger is told more than that there is nothing", async () => {
  await app.deps.database.sql`
    insert into member (id, organization_id, user_id, role)
    select gen_random_uuid(), o.id, u.id, 'client' from organization o, "user" u
    where o.slug = 'northwind' and u.email = 'admin@southbay.test'`;
  const { code, output } = await runDemo(app.url).finally(
    () => app.deps.database.sql`
      delete from member using "user" u, organization o
      where u.id = user_id and o.id = organization_id
        and u.email = 'admin@southbay.test' and o.slug = 'northwind'`,
  );
  expect(output).toMatch(/answered 200 instead of 404/);
  expect(code).toBe(1);
});

test("where no server answers, the demo says how to start one", async () => {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  const { code, output } = await runDemo(`http://127.0.0.1:${port}`);
  expect(output).toContain('Start the server with "pnpm dev"');
  expect(code).toBe(1);
});

test("the sample PDF's cross-reference table points at its objects", async () => {
  const pdf = samplePdf(["Plain (text) with \\ and brackets"]);
  const text = pdf.toString("latin1");
  const start = Number(/startxref\n(\d+)\n/.exec(text)?.[1]);
  expect(text.slice(start)).toMatch(/^xref\n0 6\n/);
  const offsets = [...text.matchAll(/^(\d{10}) 00000 n $/gm)].map(([, offset]) => Number(offset));
  expect(offsets).toHaveLength(5);
  for (const [index, offset] of offsets.entries())
    expect(text.slice(offset)).toMatch(new RegExp(`^${index + 1} 0 obj\\n`));
  expect((await fileTypeFromBuffer(pdf))?.mime).toBe("application/pdf");
});

test("the sample PNG holds a row of pixels for each line", async () => {
  const png = samplePng(16);
  expect((await fileTypeFromBuffer(png))?.mime).toBe("image/png");
  const data = png.indexOf("IDAT");
  const pixels = inflateSync(png.subarray(data + 4, data + 4 + png.readUInt32BE(data - 4)));
  expect(pixels).toHaveLength(16 * (1 + 16 * 3));
});
