import { Redis } from "ioredis";

const CONNECT_MS = 2_000;
/** Redis answers within a millisecond or is not well. */
export const COMMAND_MS = 250;
/** Nothing came for this long though something was asked: what is at the other end is gone, whatever the kernel thinks. */
const SILENCE_MS = 1_000;
const LAST_RETRY_MS = 2_000;

/**
 * A connection that comes back by itself. A command that finds it down is refused at once, one without an answer after
 * 250 ms; none is sent twice. One on which nothing comes any more is given up after a second.
 *
 * @param onError told of lost and refused connections; never carries the URL
 */
export function connectRedis({ url }: { readonly url: string }, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    connectionName: "coaching-app",
    connectTimeout: CONNECT_MS,
    commandTimeout: COMMAND_MS,
    socketTimeout: SILENCE_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    // After a failover the old primary answers as before, and refuses to count: the name leads to the new one by now.
    reconnectOnError: ({ message }) => message.includes("READONLY"),
    retryStrategy: (times) => Math.min(times * 100, LAST_RETRY_MS),
  });
  redis.on("error", onError);
  return redis;
}
