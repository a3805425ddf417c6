import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { startServer } from "../../scripts/dev-server.ts";

test("a change of the sources restarts the server, and one of a package does not", async () => {
  const folder = mkdtempSync(join(tmpdir(), "coaching-app-watch-"));
  const at = (name: string) => join(folder, name);
  for (const name of ["src", "node_modules"]) mkdirSync(at(name));
  const [source, library] = [at("src/server.mjs"), at("node_modules/library.mjs")];
  const program = `import { appendFileSync } from "node:fs";
    import "../node_modules/library.mjs";
    appendFileSync(process.env.LOG, "x");
    setInterval(() => {}, 1000);`;
  writeFileSync(source, program);
  writeFileSync(library, "export const library = 1;");
  for (const log of ["ours", "control"]) writeFileSync(at(log), "");
  const started = (log: string, times: number) =>
    vi.waitFor(() => expect(readFileSync(at(log), "utf8")).toBe("x".repeat(times)), { timeout: 30_000 });

  const server = startServer({ file: source, watch: [at("src")], env: { LOG: at("ours") } });
  // Node's own choice of files tells when a change of the package has been noticed.
  const control = spawn(process.execPath, ["--watch", source], { env: { LOG: at("control") } });
  onTestFinished(async () => {
    control.kill();
    await Promise.all([server.stop(), once(control, "exit")]);
    rmSync(folder, { recursive: true });
  });
  await Promise.all([started("ours", 1), started("control", 1)]);
  appendFileSync(library, "// changed");
  await started("control", 2);
  await started("ours", 1);
  appendFileSync(source, "// changed");
  await started("ours", 2);
}, 120_000);
