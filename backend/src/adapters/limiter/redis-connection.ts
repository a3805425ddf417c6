import { Redis } from "ioredis";

const CONNECT_MS = 2_000;
/** Redis answers within a millisecond or is not well. */
const COMMAND_MS = 250;
const LAST_RETRY_MS = 2_000;

/**
 * A connection that comes back by itself. A command that finds it down is refused at once, one without an answer after
 * 250 ms; none is sent twice.
 *
 * @param onError told of lost and refused connections; never carries the URL
 */
export function connectRedis(
  { url, password }: { readonly url: string; readonly password: string | undefined },
  onError: (error: Error) => void,
): Redis {
  const redis = new Redis(url, {
    ...(password !== undefined && { password }),
    connectionName: "coaching-app",
    connectTimeout: CONNECT_MS,
    commandTimeout: COMMAND_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    retryStrategy: (times) => Math.min(times * 100, LAST_RETRY_MS),
  });
  redis.on("error", onError);
  return redis;
}
