import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import postgres, { type Sql } from "postgres";
import { inject } from "vitest";
import type { Tracing } from "../../src/adapters/tracing/port.ts";
import type { Config } from "../../src/config/config.ts";
import { parseEnv } from "../../src/config/parse-env.ts";
import { watchSecrets } from "../../src/config/watch-secrets.ts";
import type { Role } from "../../src/db/instances.ts";
import { createDeps, type Deps } from "../../src/deps.ts";
import type { LiveConfig } from "../../src/live.ts";
import { createServer } from "../../src/process/http-server.ts";
import { startTracing } from "../../src/process/tracing.ts";
import { afterwards } from "./afterwards.ts";
import { type TestDatabase, testDatabase } from "./database.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { freePort } from "./free-port.ts";
import { commonSettings } from "./settings.ts";

export interface TestApp {
  /** Base of the running server, without trailing slash. */
  readonly url: string;
  /** Sent with every request by `call`. */
  readonly headers?: Record<string, string>;
  /** The application's own parts; `database.sql` is the test's own connection to the same database, same role. */
  readonly deps: Deps & { readonly database: { readonly sql: Sql } };
  readonly config: Config;
  readonly database: TestDatabase;
  /** Text of every SQL statement sent by the application's own pool since `statements.length = 0`. */
  readonly statements: string[];
  /** Every log line, as text. */
  readonly logLines: string[];
  /** Folder of the file mailbox. */
  readonly mailDir: string;
  close(): Promise<void>;
}

export interface FleetApp extends TestApp, Pick<Fleet, "servers" | "redis"> {}

interface Options {
  /** Variables over the defaults of NODE_ENV=test. */
  readonly env?: Record<string, string>;
  /** Run jobs inside the server (default true). */
  readonly worker?: boolean;
  /** Use this database instead of a fresh one. */
  readonly database?: TestDatabase;
}

/**
 * The real application on a real socket, a database of its own, the disk store and the file mailbox in a temporary
 * folder. Closed by itself after the file's last test. In the project `fleet` it is two processes behind nginx.
 */
export async function startTestApp(options: Options = {}): Promise<TestApp> {
  if (inject("bundle")) return startFleetApp(options);
  const database = options.database ?? (await testDatabase());
  const port = await freePort();
  const dataDir = mkdtempSync(join(tmpdir(), "coaching-test-"));
  // Looked at when a test says so, by `deps.live.refresh()`.
  const live = await watchSecrets({
    ...commonSettings,
    PORT: String(port),
    DATA_DIR: dataDir,
    DATABASE_URL: database.appUrl,
    LOG_LEVEL: "info",
    ...options.env,
  });
  const tracing = await startTracing(live);
  const parts = createParts(live.current, { role: "server", live, tracing });
  const { deps } = parts;
  await deps.startQueue();
  if (options.worker ?? true) await deps.startWorker();
  const server = createServer(deps);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await deps.close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return testApp({ ...parts, database, url: `http://127.0.0.1:${port}`, stop });
}

/** Two processes behind nginx; `deps` are a third one's, which answers nobody. Only in the project `fleet`. */
export async function startFleetApp({
  database,
  env,
  worker = true,
  ...options
}: Options & { readonly keptFor?: string } = {}): Promise<FleetApp> {
  const own = database ?? (await testDatabase());
  const fleet = await startFleet({
    ...options,
    databaseUrl: own.appUrl,
    env: { ...env, WORKER: worker ? "on" : "off" },
  });
  const { url, servers, redis } = fleet;
  const parts = createParts(parseEnv({ ...commonSettings, ...fleet.env }), { role: "worker" });
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop("SIGKILL")));
    await parts.deps.close();
  };
  return { ...testApp({ ...parts, database: own, url, stop }), servers, redis };
}

/** The application's parts, and what they say. */
function createParts(config: Config, what: { role: Role; tracing?: Tracing | undefined; live?: LiveConfig }) {
  const statements: string[] = [];
  const logLines: string[] = [];
  const log = pino({ level: "info", base: null }, { write: (line: string) => void logLines.push(line) });
  const deps = createDeps(config, { ...what, log, onStatement: (text) => void statements.push(text) });
  return { config, deps, statements, logLines };
}

interface Parts extends ReturnType<typeof createParts>, Pick<TestApp, "url" | "database"> {
  stop(): Promise<void>;
}

function testApp({ deps, stop, ...parts }: Parts): TestApp {
  const sql = postgres(parts.database.appUrl, { max: 2, onnotice: () => {} });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= stop().then(() => sql.end());
    return closed;
  };
  afterwards(close);
  return {
    ...parts,
    deps: { ...deps, database: { ...deps.database, sql } },
    mailDir: join(parts.config.dataDir, "mail"),
    close,
  };
}
