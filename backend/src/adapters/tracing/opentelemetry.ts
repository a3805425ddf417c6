import { AsyncLocalStorage } from "node:async_hooks";
import * as otel from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Config } from "../../config/config.ts";
import type { Attributes, Span, Tracing } from "./port.ts";

/** Batches that are not taken within this time are given up; whoever stops waits no longer for the last one. */
const exportMs = 5000;
/** What was seen is sent this much later, in one go. */
const batchMs = 1000;
/** The longest statement of ours is shorter. */
const attributeLength = 4000;

/** W3C Trace Context, version 00. */
const traceparentPattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

interface OwnSpan extends Span {
  readonly context: otel.Context;
}

/**
 * Spans to an OpenTelemetry collector, as OTLP over HTTP. Nothing is registered globally, and nothing patched.
 *
 * @param headers the newest, asked for each batch
 */
export function createTracing(
  { endpoint, serviceName, share }: Omit<NonNullable<Config["traces"]>, "headers">,
  version: string,
  headers: () => Readonly<Record<string, string>>,
): Tracing {
  let tell: (error: Error) => void = () => {};
  const exporter = new OTLPTraceExporter({
    url: `${endpoint}/v1/traces`,
    headers: async () => ({ ...headers() }),
    timeoutMillis: exportMs,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": serviceName, "service.version": version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
    spanLimits: { attributeValueLengthLimit: attributeLength },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: telling(exporter, (error) => tell(error)),
        exportTimeoutMillis: exportMs,
        scheduledDelayMillis: batchMs,
      }),
    ],
  });
  const tracer = provider.getTracer("coaching-app", version);
  const current = new AsyncLocalStorage<OwnSpan>();

  function begin(name: string, kind: otel.SpanKind, parent: otel.Context, attributes?: Attributes): OwnSpan {
    const span = tracer.startSpan(name, { kind, ...(attributes && { attributes }) }, parent);
    return {
      traceId: span.spanContext().traceId,
      context: otel.trace.setSpan(parent, span),
      end({ name: better, attributes: more, failure } = {}) {
        if (better !== undefined) span.updateName(better);
        if (more) span.setAttributes(more);
        if (failure !== undefined) {
          span.setAttribute("error.type", failure);
          span.setStatus({ code: otel.SpanStatusCode.ERROR });
        }
        span.end();
      },
    };
  }

  return {
    request: (traceparent) => begin("request", otel.SpanKind.SERVER, remoteContext(traceparent)),
    start: (name, attributes) =>
      begin(name, otel.SpanKind.INTERNAL, current.getStore()?.context ?? otel.ROOT_CONTEXT, attributes),
    within: (span, work) => current.run(span as OwnSpan, work),
    traceId: () => current.getStore()?.traceId,
    onFailure: (listener) => {
      tell = listener;
    },
    stop: () => provider.shutdown().catch((error: unknown) => tell(asError(error))),
  };
}

function remoteContext(traceparent: string | undefined): otel.Context {
  const [, traceId = "", spanId = "", flags = ""] = traceparentPattern.exec(traceparent ?? "") ?? [];
  const span = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return otel.isSpanContextValid(span)
    ? otel.trace.setSpanContext(otel.ROOT_CONTEXT, span)
    : otel.ROOT_CONTEXT;
}

/** The same exporter, telling of what it could not hand over. */
const telling = (exporter: SpanExporter, tell: (error: Error) => void): SpanExporter => ({
  export: (spans, done) =>
    exporter.export(spans, (result) => {
      if (result.code !== 0) tell(asError(result.error));
      done(result);
    }),
  forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  shutdown: () => exporter.shutdown(),
});

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error("unknown error"));
