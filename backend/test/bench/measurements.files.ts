import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { drain } from "./drain.ts";
import { requestsPerSecond } from "./load.ts";
import type { Measurement, Sample } from "./measurement.ts";
import type { ServerProcess } from "./server-process.ts";
import type { Stage } from "./stage.ts";

const mebibyte = 1024 ** 2;
const streamsAtOnce = 2;
const rawSmall = "raw pipe of 1 MB";
const rawLarge = "raw pipe of 200 MB";

function writeFile(path: string, mebibytes: number): void {
  const block = Buffer.alloc(mebibyte, "Bytes of a benchmark.\n");
  const file = openSync(path, "w");
  for (let i = 0; i < mebibytes; i++) writeSync(file, block);
  closeSync(file);
}

/** The same bytes through our guard, and piped by node:http from the same disk. */
export async function files({ ours, seed, limit, signedIn, folder }: Stage): Promise<Measurement[]> {
  const manager = await signedIn(seed.manager);
  const upload = async (name: string, mebibytes: number) => {
    writeFile(join(folder, name), mebibytes);
    return manager.upload(seed.organizationId, join(folder, name));
  };
  const small = await upload("small.txt", 1);
  const large = await upload("large.txt", 200);

  return [
    {
      group: "files",
      name: "growth of a raw pipe in four streams",
      unit: "MB",
      run: createGrowth(() => limit("pipe"), "/large.txt", {}),
    },
    {
      group: "files",
      name: "growth in four streams of 200 MB",
      unit: "MB",
      aim: { atMost: 64 },
      run: createGrowth(async () => ours, large, manager.headers),
    },
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

/** Memory that streams take, since the warm-up: what one round leaves behind counts in the next. */
function createGrowth(
  start: () => Promise<ServerProcess>,
  path: string,
  headers: Record<string, string>,
): () => Promise<Sample> {
  const megabytes = (bytes: number) => `${Math.round(bytes / mebibyte)} MB`;
  let before: number | undefined;
  let most = 0;
  return async () => {
    const server = await start();
    before ??= (await server.usage()).rssBytes;
    const urls = Array<string>(4).fill(`${server.url}${path}`);
    await Promise.all(urls.map((url) => drain(url, headers, 200 * mebibyte)));
    const { rssBytes, maxRssBytes } = await server.usage();
    most = Math.max(most, maxRssBytes);
    const note = `RSS ${megabytes(before)} before, ${megabytes(most)} at most, ${megabytes(rssBytes)} after`;
    return { rate: (most - before) / mebibyte, note };
  };
}

/** Fetches the path again and again, two at a time. */
async function megabytesPerSecond(
  server: ServerProcess,
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
