import { setTimeout as pause } from "node:timers/promises";
import { call } from "../harness/client.ts";

type Init = Parameters<typeof call>[3];

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly init: Init;
}

export interface Load {
  /** Every request that was not answered with 2xx, in words. */
  readonly failed: readonly string[];
  /** Successes by method. */
  readonly done: Readonly<Record<string, number>>;
  /** How long the slowest answer took, in ms. */
  slowest(): number;
  /** Resolves when the last request is answered. */
  end(): Promise<void>;
}

const pauseMs = 25;

/** Askers that go on side by side, each with its next request a moment after the last was answered. */
export function steadyLoad(url: string, askers: readonly ((n: number) => Asked)[]): Load {
  const failed: string[] = [];
  const done: Record<string, number> = {};
  let slowest = 0;
  let running = true;

  async function ask({ method, path, init }: Asked): Promise<void> {
    const began = performance.now();
    try {
      const { status, text } = await call({ url }, method, path, init);
      if (status < 300) done[method] = (done[method] ?? 0) + 1;
      else failed.push(`${method} ${path}: ${status} ${text}`);
    } catch (error) {
      failed.push(`${method} ${path}: ${error}`);
    }
    slowest = Math.max(slowest, performance.now() - began);
  }

  const work = askers.map(async (next) => {
    for (let n = 0; running; n += 1) {
      await ask(next(n));
      await pause(pauseMs);
    }
  });
  return {
    failed,
    done,
    slowest: () => slowest,
    async end() {
      running = false;
      await Promise.all(work);
    },
  };
}

export const reading =
  (token: string, path = "/api/v1/me") =>
  (): Asked => ({ method: "GET", path, init: { token } });
