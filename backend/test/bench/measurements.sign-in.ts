import autocannon from "autocannon";
import { createApi } from "./api.ts";
import { mustAllSucceed, requestsPerSecond } from "./load.ts";
import type { Measurement, Sample } from "./measurement.ts";
import { password } from "./seed.ts";
import type { Stage } from "./stage.ts";

const rawHash = "raw argon2id";
const path = "/api/auth/sign-in/email";
/** The default of ARGON2_CONCURRENCY. */
const hashesAtOnce = 2;

/** Sign-ins a second, and what a burst of them does to everybody else. */
export function signIn({ ours, seed, limit }: Stage): Measurement[] {
  const headers = { ...createApi(ours.url).headers, "content-type": "application/json" };
  /** Another person on each connection: many attempts on one account would lock it. */
  const setupClient = () => {
    let next = 0;
    return (client: autocannon.Client) => {
      const email = seed.crowd[next++ % seed.crowd.length];
      client.setBody(JSON.stringify({ email, password }));
    };
  };

  async function burst(): Promise<Sample> {
    const count = seed.crowd.length;
    const watching = watch(`${ours.url}/health`);
    await ours.usage();
    const result = await autocannon({
      url: `${ours.url}${path}`,
      method: "POST",
      headers,
      connections: count,
      amount: count,
      timeout: 60,
      setupClient: setupClient(),
    });
    const { loopDelayMs } = await ours.usage();
    const health = await watching.stop();
    mustAllSucceed(result);
    mustAllSucceed(health);
    return { rate: count / result.duration, p99Ms: health.latency.p99, loopDelayMs };
  }

  return [
    {
      group: "sign-in",
      name: rawHash,
      unit: "req/s",
      run: async (seconds) =>
        requestsPerSecond(await limit("hash"), "/", { seconds, connections: hashesAtOnce }),
    },
    {
      group: "sign-in",
      name: "sign-in",
      unit: "req/s",
      limit: rawHash,
      aim: { share: 0.9 },
      run: (seconds) =>
        requestsPerSecond(ours, path, {
          seconds,
          method: "POST",
          headers,
          connections: 8,
          setupClient: setupClient(),
        }),
    },
    {
      group: "sign-in",
      name: "/health while 100 sign in",
      unit: "req/s",
      limit: rawHash,
      aim: { p99Ms: 100 },
      run: burst,
    },
  ];
}

/** Asks 200 times a second, on schedule, until stopped. */
function watch(url: string): { stop(): Promise<autocannon.Result> } {
  let instance: autocannon.Instance | undefined;
  const done = new Promise<autocannon.Result>((resolve, reject) => {
    instance = autocannon(
      { url, connections: 4, connectionRate: 50, duration: 120 },
      (error: unknown, result) => (error ? reject(error) : resolve(result)),
    );
  });
  return {
    stop() {
      instance?.stop();
      return done;
    },
  };
}
