import type { Tracing } from "../adapters/tracing/port.ts";
import type { LiveConfig } from "../live.ts";

/** Tracing where the configuration names who listens. The libraries are not even loaded elsewhere. */
export async function startTracing(live: Pick<LiveConfig, "current">): Promise<Tracing | undefined> {
  const { traces, version } = live.current;
  if (!traces) return undefined;
  const { createTracing } = await import("../adapters/tracing/opentelemetry.ts");
  return createTracing(traces, version, () => live.current.traces?.headers ?? {});
}
