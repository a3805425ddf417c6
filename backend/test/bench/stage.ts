import { spawnSync } from "node:child_process";
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTestBucket, environmentOf } from "../storage/s3.server.ts";
import { clientKey, createApi } from "./api.ts";
import { startDatabase } from "./database.ts";
import type { LimitKind } from "./limits.ts";
import { type Seed, seed } from "./seed.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

const backend = new URL("../../", import.meta.url);

/** Everything that measurements play on. */
export interface Stage {
  /** What runs: the bundle, or the source where the bundle cannot be built. */
  readonly program: "bundle" | "source";
  readonly ours: ServerProcess;
  readonly seed: Seed;
  /** Where the files are. */
  readonly store: "disk" | "S3";
  /** Makes a file of text; gone at the end. @returns its path */
  file(name: string, mebibytes: number): string;
  /** Starts the limit at its first use. */
  limit(kind: LimitKind): Promise<ServerProcess>;
  signedIn(email: string): Promise<ReturnType<typeof createApi>>;
  stop(): Promise<void>;
}

function build(): { program: Stage["program"]; file: URL } {
  const file = new URL("dist/server.mjs", backend);
  const script = fileURLToPath(new URL("scripts/build.ts", backend));
  const { status } = spawnSync(process.execPath, [script], { stdio: ["ignore", "ignore", "inherit"] });
  if (status === 0 && existsSync(file)) return { program: "bundle", file };
  return { program: "source", file: new URL("src/server.ts", backend) };
}

/** As in production, but on loopback, and with limits that are out of the way. */
const environment = (folder: string, databaseUrl: string): Record<string, string> => ({
  NODE_ENV: "test",
  DATABASE_URL: databaseUrl,
  DATA_DIR: join(folder, "data"),
  LOG_LEVEL: "warn",
  CLIENT_API_KEY: clientKey,
  BETTER_AUTH_SECRETS: "1:pW8s1kZbX0q3Vt6yLr2mNc5uHd9fGj4a",
  STORAGE_SIGNING_KEY: "k3N8vQ1xZ7mB5tL0wR9yC2pH6sD4fGjA",
  RATE_LIMIT_MAX: "1000000",
  RATE_LIMIT_WRITE_MAX: "1000000",
  RATE_LIMIT_WINDOW: "1",
  AUTH_RATE_LIMIT_MAX: "1000000",
  AUTH_RATE_LIMIT_WINDOW: "1",
  DOCUMENT_MAX_BYTES: String(256 * 1024 ** 2),
});

function fill(path: string, mebibytes: number): void {
  const block = Buffer.alloc(1024 ** 2, "Bytes of a benchmark.\n");
  const file = openSync(path, "w");
  for (let i = 0; i < mebibytes; i++) writeSync(file, block);
  closeSync(file);
}

/**
 * Database, seed, our server, and the limits on demand; `stop` leaves nothing behind.
 *
 * @param s3 endpoint of a store to keep the files in, instead of the disk
 */
export async function startStage(s3?: string): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "coaching-app-bench-"));
  chmodSync(folder, 0o755); // PostgreSQL may have to run as another user
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (let last = undo.pop(); last; last = undo.pop()) await last();
  };
  try {
    const { program, file } = build();
    const database = await startDatabase(folder);
    undo.push(database.stop);
    const seeded = await seed(database.sql);
    const bucket = s3 === undefined ? undefined : await createTestBucket(s3);
    if (bucket) undo.push(bucket.remove);
    const ours = await startServerProcess(file, {
      env: { ...environment(folder, database.url), ...(bucket && environmentOf(bucket.config)) },
    });
    undo.push(ours.stop);
    const limits = new Map<LimitKind, Promise<ServerProcess>>();
    const startLimit = async (kind: LimitKind) => {
      const started = await startServerProcess(new URL("limits.ts", import.meta.url), {
        args: [kind],
        env: { DATABASE_URL: database.url, FOLDER: folder },
      });
      undo.push(started.stop);
      return started;
    };
    return {
      program,
      ours,
      seed: seeded,
      store: bucket ? "S3" : "disk",
      stop,
      file(name, mebibytes) {
        const path = join(folder, name);
        fill(path, mebibytes);
        return path;
      },
      limit(kind) {
        const known = limits.get(kind) ?? startLimit(kind);
        limits.set(kind, known);
        return known;
      },
      signedIn: async (email) => createApi(ours.url, await createApi(ours.url).signIn(email)),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
