/** `pnpm dev`: database, migrations and the server that restarts on changes, with nothing to set. */
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Config } from "../src/config/config.ts";
import { parseEnv } from "../src/config/parse-env.ts";
import { type DevelopmentDatabase, embeddedDatabase, ownDatabase } from "./dev-database.ts";
import { onOrphaned } from "./dev-parents.ts";
import { screen } from "./dev-screen.ts";
import { type DevelopmentSecrets, developmentSecrets } from "./dev-secrets.ts";
import { checkPort, type ServerProcess, startServer, untilHealthy } from "./dev-server.ts";

const startedAt = performance.now();
const { values: flags } = parseArgs({
  options: {
    /** Run the server once, without restarts on changes. */
    "no-watch": { type: "boolean", default: false },
    /** Another server than the product's, for tests of this script. */
    server: { type: "string", default: fileURLToPath(new URL("../src/server.ts", import.meta.url)) },
  },
});
const serverFile = resolve(flags.server);
process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
if (existsSync(".env")) process.loadEnvFile(".env");

let database: DevelopmentDatabase | undefined;
let server: ServerProcess | undefined;
const stopping = new AbortController();
const say = (text: string) => process.stdout.write(`${text}\n`);
// Nobody may be left to read: a closed terminal must not keep us from cleaning up.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

/** Ends everything, the server before its database, and then this process. */
async function stop(exitCode: number): Promise<void> {
  if (stopping.signal.aborted) return;
  stopping.abort();
  await starting.catch(() => {});
  await server?.stop();
  await database?.stop();
  process.exit(exitCode);
}

function fail(error: unknown): void {
  if (stopping.signal.aborted) return;
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  void stop(1);
}

let askedAt = Number.POSITIVE_INFINITY;
/** Ctrl-C often arrives twice at once, from the terminal and from pnpm; asked again later, somebody is impatient. */
function onSignal(): void {
  if (performance.now() - askedAt > 1000) {
    server?.kill();
    process.exit(1); // the watchdog ends the database
  }
  askedAt = Math.min(askedAt, performance.now());
  void stop(0);
}

/** The environment of the server: the developer's own, and our parts where theirs are missing. */
function serverEnvironment(config: Config, secrets: DevelopmentSecrets, url: string): NodeJS.ProcessEnv {
  const { BETTER_AUTH_SECRETS: ring, BETTER_AUTH_SECRET: single, STORAGE_SIGNING_KEY: key } = process.env;
  const { DATA_KEYS: dataKeys } = process.env;
  return {
    ...process.env,
    NODE_ENV: "development",
    PORT: String(config.port),
    DATA_DIR: config.dataDir,
    DATABASE_URL: url,
    ...(!ring && !single && { BETTER_AUTH_SECRETS: `1:${secrets.authSecret}` }),
    ...(!key && { STORAGE_SIGNING_KEY: secrets.storageSigningKey }),
    ...(!dataKeys && { DATA_KEYS: `1:${secrets.dataKey}` }),
  };
}

async function startDatabase(config: Config, embedded: boolean, secrets: DevelopmentSecrets) {
  const { url, ownerUrl } = config.database;
  database = await (embedded ? embeddedDatabase(config.dataDir, secrets) : ownDatabase(url, ownerUrl));
  database.ended.then(
    (lastWords) => fail(new Error(`The embedded PostgreSQL ended unexpectedly:\n${lastWords}`)),
    fail,
  );
  return database;
}

async function start(): Promise<void> {
  const embedded = !process.env.DATABASE_URL && !process.env.DATABASE_URL_FILE;
  // Everything but the address of the database is known before it runs, and wrong settings are told at once.
  const placeholder = embedded && { DATABASE_URL: "postgres://coaching_app@127.0.0.1/coaching_app" };
  const settings = parseEnv({ ...process.env, NODE_ENV: "development", ...placeholder });
  const config = { ...settings, port: await checkPort(settings.host, settings.port) };
  if (!existsSync(config.dataDir)) {
    mkdirSync(config.dataDir, { recursive: true });
    chmodSync(config.dataDir, 0o711); // the account that runs PostgreSQL passes through
  }
  const secrets = developmentSecrets(config.dataDir);
  const { url, location } = await startDatabase(config, embedded, secrets);
  if (stopping.signal.aborted) return;
  server = startServer({
    file: serverFile,
    watch: flags["no-watch"] ? [] : ["backend/src", "drizzle"],
    env: serverEnvironment(config, secrets, url),
  });
  server.ended.then((code) => void stop(code), fail);
  const host = config.host === "0.0.0.0" ? "127.0.0.1" : config.host;
  if (await untilHealthy(`http://${host}:${config.port}`, stopping.signal))
    say(screen(config, { location }, (performance.now() - startedAt) / 1000));
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
onOrphaned(() => void stop(0));
const starting = start();
starting.catch(fail);
