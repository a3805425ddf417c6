import type { Redis } from "ioredis";
import type { Config } from "../../config/config.ts";
import type { LiveConfig } from "../../live.ts";
import { COMMAND_MS, connectRedis } from "./redis-connection.ts";

/**
 * A connection that signed in with the newest password. After a change the one from before goes on until the next is
 * ready: the server may learn of the password later than we do, and counting goes on without a gap.
 */
export function followRedis(
  live: LiveConfig,
  atStart: NonNullable<Config["redis"]>,
  onError: (error: Error) => void,
) {
  let settings = atStart;
  let inUse = connectRedis(settings, onError);
  let next: Redis | undefined;

  live.onChange(({ redis }) => {
    if (!redis || redis.url === settings.url) return;
    settings = redis;
    next?.disconnect();
    const candidate = connectRedis(settings, onError);
    next = candidate;
    candidate.once("ready", () => {
      if (next !== candidate) return;
      const old = inUse;
      inUse = candidate;
      next = undefined;
      // What it was asked is answered within that time, or never.
      setTimeout(() => old.disconnect(), COMMAND_MS).unref();
    });
  });

  return {
    newest: () => inUse,
    close(): void {
      next?.disconnect();
      inUse.disconnect();
    },
  };
}
