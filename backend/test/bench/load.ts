import autocannon from "autocannon";
import type { Sample } from "./measurement.ts";
import type { ServerProcess } from "./server-process.ts";

/** Throws when anything but success came back: a fast refusal is not a fast answer. */
export function mustAllSucceed(result: autocannon.Result): void {
  const { errors, timeouts, non2xx, url } = result;
  if (errors + timeouts + non2xx > 0 || result["2xx"] === 0)
    throw new Error(
      `${url}: ${result["2xx"]} answers, ${non2xx} refusals, ${errors} errors, ${timeouts} timeouts`,
    );
}

/** As many requests as fit, for so many seconds. */
export async function requestsPerSecond(
  server: ServerProcess,
  path: string,
  options: Pick<autocannon.Options, "headers" | "connections" | "method" | "setupClient"> & {
    seconds: number;
  },
): Promise<Sample> {
  const { seconds, ...rest } = options;
  await server.usage();
  const result = await autocannon({
    url: `${server.url}${path}`,
    connections: 16,
    duration: seconds,
    ...rest,
  });
  const used = await server.usage();
  mustAllSucceed(result);
  return {
    rate: result["2xx"] / result.duration,
    p99Ms: result.latency.p99,
    cpuMicroseconds: used.cpuMicroseconds / result["2xx"],
    loopDelayMs: used.loopDelayMs,
  };
}
