import type { Metrics } from "../../adapters/metrics/port.ts";
import { AppError } from "../../errors.ts";
import type { Step } from "../corridor.ts";
import { createTokenCheck, type NewestTokens } from "./metrics-token.ts";

export const metricsPath = "/metrics";

interface Options {
  /** Without any there is no such page. */
  readonly tokens: NewestTokens;
  readonly metrics: Pick<Metrics, "read">;
  /** Counts who comes without the token. */
  readonly limit: Step;
}

/** Metrics, for a monitor that has the operator's token. Comes before CORS: no page of a browser may read it. */
export function metricsPage({ tokens, metrics, limit }: Options): Step {
  const isToken = createTokenCheck(tokens);
  return async (c) => {
    if (tokens().length === 0 || c.req.path !== metricsPath) return undefined;
    if (c.req.method !== "GET" && c.req.method !== "HEAD") {
      c.header("Allow", "GET, HEAD");
      throw new AppError("method_not_allowed", "This method is not offered here");
    }
    if (!isToken(c.req.header("authorization"))) {
      const refusal = await limit(c);
      if (refusal) return refusal;
      throw new AppError("unauthenticated", "Send the metrics token");
    }
    const { text, contentType } = await metrics.read();
    return c.body(text, 200, { "Content-Type": contentType, "Cache-Control": "no-store" });
  };
}
