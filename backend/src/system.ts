import { sql } from "drizzle-orm";
import type { Limiters } from "./adapters/limiter/create.ts";
import type { Queue } from "./adapters/queue/pg-boss.ts";
import { scannerState } from "./adapters/scanner/create.ts";
import type { Scanning } from "./adapters/scanner/port.ts";
import type { Config } from "./config/config.ts";
import type { DatabaseClient } from "./db/client.ts";
import { countServers } from "./db/instances.ts";
import { schemaState } from "./db/schema-state.ts";
import type { Ready } from "./features/system/system.schema.ts";
import { type Check, createSystemService, type SystemService } from "./features/system/system.service.ts";
import type { LiveConfig } from "./live.ts";
import { publicConfigOf } from "./public-config.ts";

interface Parts {
  readonly database: DatabaseClient;
  readonly queue: Pick<Queue, "check">;
  readonly limiters: Pick<Limiters, "check">;
  readonly storageIsUp: () => Promise<void>;
  readonly scanning: Scanning;
  readonly live: Pick<LiveConfig, "state">;
}

/** What the server says of itself. */
export const createSystem = (config: Config, parts: Parts): SystemService =>
  createSystemService({
    version: config.version,
    publicConfig: publicConfigOf(config),
    checks: readinessChecks(parts),
  });

/** What `/health/ready` looks at. */
const readinessChecks = (parts: Parts): Readonly<Record<keyof Ready["checks"], Check>> => ({
  database: async () => (await parts.database.db.execute(sql`select 1`)) && "ok",
  migrations: async () => ((await schemaState(parts.database)) === "behind" ? "down" : "ok"),
  storage: () => parts.storageIsUp().then(() => "ok"),
  queue: () => parts.queue.check().then(() => "ok"),
  scanner: () => scannerState(parts.scanning),
  redis: async () => {
    if (parts.limiters.check)
      return parts.limiters.check().then(
        () => "ok",
        () => "degraded",
      );
    // Each would allow the whole of every limit.
    return (await countServers(parts.database)) > 1 ? "degraded" : "off";
  },
  // Those from before the change are in use, and work as long as the other side takes them.
  secrets: async () => (parts.live.state === "refused" ? "degraded" : parts.live.state),
});
