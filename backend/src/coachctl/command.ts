import { type ParseArgsConfig, parseArgs } from "node:util";
import { databaseUrls } from "../config/database-urls.ts";
import { createDatabase, type DatabaseClient } from "../db/client.ts";
import { type EmbeddedRuntime, readRuntime } from "../db/embedded-runtime.ts";

/** What a command is run with. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly arguments: readonly string[];
  print(text: string): void;
  /** The first line of standard input, asked for with `prompt` where a person sits. */
  readLine(prompt: string): Promise<string>;
}

export interface Command {
  /** As typed: `admin create`. */
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  /** @returns the exit code */
  run(terminal: Terminal): Promise<number>;
}

/** Flags of a command; unknown ones and stray words are refused with the command's usage. */
export function readFlags<T extends NonNullable<ParseArgsConfig["options"]>>(terminal: Terminal, options: T) {
  return parseArgs({ args: [...terminal.arguments], options, allowPositionals: false, strict: true }).values;
}

/** The environment, with the running embedded database of `DATA_DIR` where no other is named. */
export function withEmbedded({ environment }: Terminal): Readonly<Record<string, string | undefined>> {
  if (environment.DATABASE_URL || environment.DATABASE_URL_FILE) return environment;
  const runtime: EmbeddedRuntime | undefined = readRuntime(environment.DATA_DIR || ".data");
  if (!runtime) return environment;
  return { ...environment, DATABASE_URL: runtime.databaseUrl, DATABASE_OWNER_URL: runtime.databaseOwnerUrl };
}

/** Of the application's role. */
export function databaseUrlOf(terminal: Terminal): string {
  const { url } = databaseUrls(withEmbedded(terminal));
  if (!url) throw new Error("DATABASE_URL is needed: no embedded database runs in DATA_DIR");
  return url;
}

/** Runs `work` with a small pool, and closes it whatever happens. */
export async function withDatabase<T>(
  terminal: Terminal,
  work: (database: DatabaseClient) => Promise<T>,
): Promise<T> {
  const database = createDatabase(databaseUrlOf(terminal), { max: 2, patient: true });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
