import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterwards } from "./afterwards.ts";

import { startNginx } from "./nginx.ts";
import { startRedis } from "./redis.ts";
import { type ServerProcess, serverProcess } from "./server-process.ts";

interface Options {
  readonly databaseUrl: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly size?: number;
  /** How long nginx keeps a connection to a server that it does not use. */
  readonly keptFor?: string;
}

export interface Fleet {
  /** Of nginx, which asks the servers in turn. */
  readonly url: string;
  readonly servers: readonly ServerProcess[];
  readonly redis: Awaited<ReturnType<typeof startRedis>>;
  /** What all servers were told. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Servers in processes of their own behind nginx, which share a database, a Redis and a folder of files and mails.
 * Ended by itself after the file's last test.
 */
export async function startFleet({ databaseUrl, env = {}, size = 2, keptFor }: Options): Promise<Fleet> {
  const dataDir = mkdtempSync(join(tmpdir(), "coaching-fleet-"));
  afterwards(() => rmSync(dataDir, { recursive: true, force: true }));
  const redis = await startRedis();
  // Told the servers at their start, and known only once nginx stands in front of them.
  const shared: Record<string, string> = {
    DATABASE_URL: databaseUrl,
    DATA_DIR: dataDir,
    REDIS_URL: redis.url,
    REDIS_PASSWORD: redis.password,
    TRUSTED_PROXIES: "127.0.0.1",
    LOG_LEVEL: "error",
    ...env,
  };
  const servers = await Promise.all(Array.from({ length: size }, () => serverProcess(shared)));
  const { url } = await startNginx(
    servers.map(({ port }) => port),
    keptFor === undefined ? {} : { keptFor },
  );
  shared.BETTER_AUTH_URL = url;
  await Promise.all(servers.map(({ start }) => start()));
  return { url, servers, redis, env: shared };
}
