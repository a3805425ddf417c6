import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { createAdmin } from "./coachctl/admin.ts";
import { verifyAudit } from "./coachctl/audit.ts";
import { backup, keygen } from "./coachctl/backup.ts";
import type { Command, Terminal } from "./coachctl/command.ts";
import { migrateDatabase } from "./coachctl/database.ts";
import { checkFiles } from "./coachctl/files.ts";
import { redrive } from "./coachctl/jobs.ts";
import { reencrypt } from "./coachctl/keys.ts";
import { runPreflight } from "./coachctl/preflight.ts";
import { restore } from "./coachctl/restore.ts";
import { rotate } from "./coachctl/rotate.ts";
import { generate } from "./coachctl/secrets.ts";
import { status } from "./coachctl/secrets-status.ts";
import { revokeSessions } from "./coachctl/sessions.ts";

const commands: readonly Command[] = [
  migrateDatabase,
  runPreflight,
  createAdmin,
  revokeSessions,
  verifyAudit,
  checkFiles,
  keygen,
  backup,
  restore,
  generate,
  status,
  rotate,
  reencrypt,
  redrive,
];

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Without echo where a person types: a password stays out of the terminal's history. */
async function readLine(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  if (stdin.isTTY) stderr.write(prompt);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: silent, terminal: stdin.isTTY });
  try {
    for await (const line of lines) return line;
    return "";
  } finally {
    lines.close();
    if (stdin.isTTY) stderr.write("\n");
  }
}

function help(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(
    ({ name, summary, usage }) => `  ${name.padEnd(width)}  ${summary}\n  ${" ".repeat(width)}  ${usage}`,
  );
  return `coachctl: the operator's command line of Coaching App\n\n${lines.join("\n")}\n\nSettings come from the environment, as the server's do; without DATABASE_URL the running embedded database is used.`;
}

const words = process.argv.slice(2);
const command = commands.find(({ name }) => words.slice(0, name.split(" ").length).join(" ") === name);
if (!command) {
  print(help());
  process.exitCode = words.length === 0 || words.includes("--help") || words.includes("-h") ? 0 : 2;
} else {
  const terminal: Terminal = {
    environment: process.env,
    arguments: words.slice(command.name.split(" ").length),
    print,
    readLine,
  };
  try {
    process.exitCode = await command.run(terminal);
  } catch (error) {
    process.stderr.write(
      `${error instanceof Error ? error.message : String(error)}\nusage: coachctl ${command.usage}\n`,
    );
    process.exitCode = 2;
  }
}
