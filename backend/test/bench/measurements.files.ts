import { drain } from "./drain.ts";
import { requestsPerSecond } from "./load.ts";
import type { Measurement, Sample } from "./measurement.ts";
import type { ServerProcess } from "./server-process.ts";
import type { Stage } from "./stage.ts";

const mebibyte = 1024 ** 2;
const streamsAtOnce = 2;
const rawSmall = "raw pipe of 1 MB";
const rawLarge = "raw pipe of 200 MB";

/** The same bytes through our guard, and piped by node:http from the same disk. */
export async function files({ ours, seed, limit, signedIn, file }: Stage): Promise<Measurement[]> {
  const manager = await signedIn(seed.manager);
  const upload = (name: string, mebibytes: number) =>
    manager.upload(seed.organizationId, file(name, mebibytes));
  const small = `${await upload("small.txt", 1)}/stream`;
  const large = `${await upload("large.txt", 200)}/stream`;

  return [
    {
      group: "files",
      name: rawSmall,
      unit: "req/s",
      run: async (seconds) => requestsPerSecond(await limit("pipe"), "/small.txt", { seconds }),
    },
    {
      group: "files",
      name: "stream of 1 MB",
      unit: "req/s",
      limit: rawSmall,
      run: (seconds) => requestsPerSecond(ours, small, { seconds, headers: manager.headers }),
    },
    {
      group: "files",
      name: rawLarge,
      unit: "MB/s",
      run: async (seconds) => megabytesPerSecond(await limit("pipe"), "/large.txt", {}, seconds),
    },
    {
      group: "files",
      name: "stream of 200 MB",
      unit: "MB/s",
      limit: rawLarge,
      aim: { share: 0.7 },
      run: (seconds) => megabytesPerSecond(ours, large, manager.headers, seconds),
    },
  ];
}

/** Fetches the path again and again, two at a time. */
export async function megabytesPerSecond(
  server: Pick<ServerProcess, "url" | "usage">,
  path: string,
  headers: Record<string, string>,
  seconds: number,
): Promise<Sample> {
  await server.usage();
  const start = performance.now();
  let requests = 0;
  const again = async (): Promise<number> => {
    let received = 0;
    while (performance.now() - start < seconds * 1000) {
      requests++;
      received += await drain(`${server.url}${path}`, headers, 200 * mebibyte);
    }
    return received;
  };
  const received = await Promise.all(Array.from({ length: streamsAtOnce }, again));
  const elapsed = (performance.now() - start) / 1000;
  const { cpuMicroseconds, loopDelayMs } = await server.usage();
  const bytes = received.reduce((sum, one) => sum + one, 0);
  return { rate: bytes / 1e6 / elapsed, cpuMicroseconds: cpuMicroseconds / requests, loopDelayMs };
}
