import type { Tracing } from "./adapters/tracing/port.ts";
import type { Config } from "./config/config.ts";

/** Tracing where the configuration names who listens. The libraries are not even loaded elsewhere. */
export async function startTracing({
  traces,
  version,
}: Pick<Config, "traces" | "version">): Promise<Tracing | undefined> {
  if (!traces) return undefined;
  const { createTracing } = await import("./adapters/tracing/opentelemetry.ts");
  return createTracing(traces, version);
}
