import type { TestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";

export const METRICS_TOKEN = "m9Xk2Lq7Vb4Nz8Rt1Wc6Yp3Hd5Gf0JsA";

/** One line of the page: a name, its labels, a value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function parsePage(text: string): Sample[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, name = "", labels = "", value = ""] = /^([a-z_A-Z0-9:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text]);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}

export async function readMetrics(app: Pick<TestApp, "url">): Promise<Sample[]> {
  const { status, text } = await call(app, "GET", "/metrics", { token: METRICS_TOKEN });
  if (status !== 200) throw new Error(`/metrics: ${status} ${text}`);
  return parsePage(text);
}

/** The sum over all samples with this name and these labels; undefined when there is none. */
export function sumOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}
