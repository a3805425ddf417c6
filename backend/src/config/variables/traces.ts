import { word } from "../values/basic.ts";
import { baseUrl } from "../values/network.ts";
import { otlpHeaders, share } from "../values/traces.ts";
import type { Variable } from "../variable.ts";

/** The names are OpenTelemetry's own. */
export const traces = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    type: baseUrl,
    derived: "no traces",
    about: "OpenTelemetry collector that gets traces as OTLP over HTTP, such as http://collector:4318",
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    type: otlpHeaders,
    secret: true,
    about: "Headers for the collector: name=value, separated by commas, values percent-encoded",
  },
  OTEL_SERVICE_NAME: { type: word, default: "coaching-app", about: "Name of this service in traces" },
  OTEL_TRACES_SAMPLER_ARG: {
    type: share,
    default: "1",
    about: "Share of requests that are traced, from 0 to 1; who hands a trace on has decided already",
  },
} satisfies Record<string, Variable<unknown>>;
