import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import postgres, { type Sql } from "postgres";
import { afterAll } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { parseEnv } from "../../src/config/parse-env.ts";
import { createDeps, type Deps } from "../../src/deps.ts";
import { createServer } from "../../src/http-server.ts";
import { type TestDatabase, testDatabase } from "./database.ts";
import { freePort } from "./free-port.ts";

export interface TestApp {
  /** Base of the running server, without trailing slash. */
  readonly url: string;
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
 * folder. Closed by itself after the file's last test.
 */
export async function startTestApp({ env = {}, worker = true, database }: Options = {}): Promise<TestApp> {
  const own = database ?? (await testDatabase());
  const port = await freePort();
  const dataDir = mkdtempSync(join(tmpdir(), "coaching-test-"));
  const config = parseEnv({
    NODE_ENV: "test",
    PORT: String(port),
    DATA_DIR: dataDir,
    DATABASE_URL: own.appUrl,
    BETTER_AUTH_SECRETS: "1:kd83hXq0Zm4vTn7RbLw2Yc9UfJ6sPe1A",
    STORAGE_SIGNING_KEY: "Vt5mQz8nWr3bKx7cLp1dHs9fGj2aYe4T",
    // Suites sign in far more often than a person: the limits have tests of their own.
    RATE_LIMIT_MAX: "100000",
    RATE_LIMIT_WRITE_MAX: "100000",
    AUTH_RATE_LIMIT_MAX: "100000",
    LOG_LEVEL: "info",
    ...env,
  });
  const statements: string[] = [];
  const logLines: string[] = [];
  const log = pino({ level: "info", base: null }, { write: (line: string) => void logLines.push(line) });
  const deps = createDeps(config, { log, onStatement: (text) => void statements.push(text) });
  await deps.startQueue();
  if (worker) await deps.startWorker();
  const server = createServer(deps);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const sql = postgres(own.appUrl, { max: 2, onnotice: () => {} });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= (async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await deps.close();
      await sql.end();
      rmSync(dataDir, { recursive: true, force: true });
    })();
    return closed;
  };
  afterAll(close);
  return {
    url: `http://127.0.0.1:${port}`,
    deps: { ...deps, database: { ...deps.database, sql } },
    config,
    database: own,
    statements,
    logLines,
    mailDir: join(dataDir, "mail"),
    close,
  };
}
