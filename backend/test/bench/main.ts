/**
 * `pnpm bench`: how fast the server is, as shares of what this machine can do at all. It only ever fails when something
 * answers wrongly, never because of a number: machines differ, and this one may be busy.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { selected } from "./measurement.ts";
import { files } from "./measurements.files.ts";
import { members } from "./measurements.members.ts";
import { reads } from "./measurements.reads.ts";
import { signIn } from "./measurements.sign-in.ts";
import { streams } from "./measurements.streams.ts";
import { parseOptions } from "./options.ts";
import { runRounds } from "./rounds.ts";
import { startStage } from "./stage.ts";
import { table } from "./table.ts";
import { judge } from "./verdict.ts";

const rounds = 3;
const { filters, jsonFile, seconds } = parseOptions(process.argv.slice(2));
const report = (progress: string) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${progress}` : "");

report("starting a database and the server");
const stage = await startStage();
const stages = [stage];
const stop = async () => {
  for (const one of stages) await one.stop();
};
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => stop().finally(() => process.exit(130)));
try {
  const { S3_ENDPOINT } = process.env;
  if (S3_ENDPOINT) stages.push(await startStage(S3_ENDPOINT));
  const all = [...(await reads(stage)), ...(await members(stage))];
  all.push(...signIn(stage), ...(await files(stage)));
  for (const one of stages) all.push(...(await streams(one)));
  const results = judge(await runRounds(selected(all, filters), { rounds, seconds, report }));
  report("");
  const machine = { node: process.version, platform: process.platform, cores: availableParallelism() };
  console.log(
    `Our server runs from its ${stage.program}. ${machine.cores} cores, Node ${machine.node}, ${rounds} rounds.\n`,
  );
  console.log(table(results));
  if (jsonFile !== undefined)
    writeFileSync(
      jsonFile,
      `${JSON.stringify({ program: stage.program, machine, rounds, seconds, results }, null, 2)}\n`,
    );
} finally {
  await stop();
}
