import { Agent } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { open, sip } from "./drain.ts";
import type { Measurement, Sample } from "./measurement.ts";
import { megabytesPerSecond } from "./measurements.files.ts";
import type { ServerProcess } from "./server-process.ts";
import type { Stage } from "./stage.ts";

const mebibyte = 1024 ** 2;
/** Nobody has more than twenty at a time. */
const streamsEach = 20;
const streamsAtOnce = 100;

type Headers = Readonly<Record<string, string>>;

/** Many at a time, the first byte, and all bytes, each compared with the store's own signed URL. */
export async function streams(stage: Stage): Promise<Measurement[]> {
  const { ours, seed, store, limit, signedIn, file } = stage;
  const manager = await signedIn(seed.manager);
  const { headers } = manager;
  const some = seed.crowd.slice(0, streamsAtOnce / streamsEach);
  const readers = await Promise.all(some.map(async (email) => (await signedIn(email)).headers));
  const path = await manager.upload(seed.organizationId, file("film.txt", 200));
  const stream = `${path}/stream`;
  const group = `files: streams from ${store}`;
  const ownFirst = `first byte of the URL of ${store}`;
  const ownAll = `URL of ${store} of 200 MB`;
  /** Valid for five minutes: a new one for each round. */
  const ownUrl = async () => new URL(String((await manager.call("GET", path)).downloadUrl));

  return [
    {
      group,
      name: `growth in ${streamsAtOnce} slow streams of 200 MB from ${store}`,
      unit: "MB",
      aim: { atMost: 128 },
      run: createGrowth(ours, stream, readers),
    },
    {
      group,
      name: ownFirst,
      unit: "ms",
      run: async (seconds) => firstByte((await ownUrl()).href, {}, seconds),
    },
    {
      group,
      name: `first byte of a stream from ${store}`,
      unit: "ms",
      limit: ownFirst,
      aim: { times: 2 },
      run: (seconds) => firstByte(`${ours.url}${stream}`, headers, seconds),
    },
    {
      group,
      name: ownAll,
      unit: "MB/s",
      async run(seconds) {
        const { origin, pathname, search } = await ownUrl();
        const server = { url: origin, usage: ours.usage };
        return megabytesPerSecond(server, `${pathname}${search}`, {}, seconds);
      },
    },
    {
      group,
      name: `raw proxy of that URL of ${store}`,
      unit: "MB/s",
      limit: ownAll,
      async run(seconds) {
        const from = encodeURIComponent((await ownUrl()).href);
        return megabytesPerSecond(await limit("proxy"), `/?from=${from}`, {}, seconds);
      },
    },
    {
      group,
      name: `stream of 200 MB from ${store}`,
      unit: "MB/s",
      limit: ownAll,
      aim: { share: 0.7 },
      run: (seconds) => megabytesPerSecond(ours, stream, headers, seconds),
    },
  ];
}

/** Memory that streams take, since the warm-up: what one round leaves behind counts in the next. */
function createGrowth(
  server: ServerProcess,
  path: string,
  readers: readonly Headers[],
): (seconds: number) => Promise<Sample> {
  const megabytes = (bytes: number) => `${Math.round(bytes / mebibyte)} MB`;
  let before: number | undefined;
  let most = 0;
  return async (seconds) => {
    before ??= (await server.usage()).rssBytes;
    const sips = Array.from({ length: streamsEach }, () =>
      readers.map((headers) => sip(`${server.url}${path}`, headers, seconds)),
    );
    await Promise.all(sips.flat());
    const { rssBytes, maxRssBytes } = await server.usage();
    most = Math.max(most, maxRssBytes);
    const note = `RSS ${megabytes(before)} before, ${megabytes(most)} at most, ${megabytes(rssBytes)} after`;
    return { rate: (most - before) / mebibyte, note };
  };
}

/** People seek now and then: processors that never rest answer twice as fast, whoever is asked. */
const betweenSeeksMs = 10;

/**
 * Median time to the first byte of a range in the middle, as a player seeks, on a connection that is open. As long
 * before that it is asked without a pause, which does not count: V8 compiles what was called some thousand times. So the
 * first seek of a film is not shown, for which the server signs another request to the store.
 */
async function firstByte(url: string, headers: Headers, seconds: number): Promise<Sample> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const range = `bytes=${100 * mebibyte}-${100 * mebibyte + 65_535}`;
  async function seek(): Promise<number> {
    const start = performance.now();
    const response = await open(url, { ...headers, range }, agent);
    const ms = performance.now() - start;
    for await (const _ of response);
    return ms;
  }

  const warm = performance.now() + seconds * 1000;
  while (performance.now() < warm) await seek();
  const times: number[] = [];
  const end = warm + seconds * 1000;
  while (performance.now() < end || times.length < 3) {
    await wait(betweenSeeksMs);
    times.push(await seek());
  }
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? 0;
  return { rate: at(0.5), p99Ms: at(0.99) };
}
