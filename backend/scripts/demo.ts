/** `pnpm demo`: the main job against a running development server, every request printed with its answer. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { DemoFailure } from "./demo-api.ts";
import { runTour } from "./demo-tour.ts";

// The same as `pnpm dev` reads.
process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
if (existsSync(".env")) process.loadEnvFile(".env");
const url = `http://localhost:${process.env.PORT || 3001}`;
const { values } = parseArgs({ options: { url: { type: "string", default: url } } });
const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  if (!URL.canParse(values.url))
    throw new DemoFailure(`--url wants an address such as http://localhost:3001.`);
  say(`Coaching App, a tour of ${values.url}\n`);
  await runTour(values.url, say);
} catch (error) {
  if (!(error instanceof DemoFailure)) throw error;
  process.stderr.write(`\nThe demo failed: ${error.message}\n`);
  process.exitCode = 1;
}
