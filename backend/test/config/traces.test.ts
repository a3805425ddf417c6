import { expect, test } from "vitest";
import { parseEnv } from "../../src/config/parse-env.ts";
import { problemsOf } from "./problems.ts";
import { developmentEnv } from "./production-env.ts";

const endpoint = { ...developmentEnv, OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/" };
const tracesOf = (more: Record<string, string>) => parseEnv({ ...endpoint, ...more }).traces;

test("a collector is all that traces need", () => {
  expect(tracesOf({})).toEqual({
    endpoint: "http://collector:4318",
    headers: {},
    serviceName: "coaching-app",
    share: 1,
  });
});

test("headers are decoded, and an equals sign may stand in a value", () => {
  const text = "authorization=Basic%20YTpi==, x-scope=a%2Cb";
  expect(tracesOf({ OTEL_EXPORTER_OTLP_HEADERS: text })?.headers).toEqual({
    authorization: "Basic YTpi==",
    "x-scope": "a,b",
  });
});

test.each([
  ["no value", "OTEL_EXPORTER_OTLP_HEADERS", "authorization="],
  ["no name", "OTEL_EXPORTER_OTLP_HEADERS", "=secret-value"],
  ["a line break in a value", "OTEL_EXPORTER_OTLP_HEADERS", "x=secret-value%0d%0ay:1"],
  ["a broken escape", "OTEL_EXPORTER_OTLP_HEADERS", "x=secret-value%zz"],
  ["a share over one", "OTEL_TRACES_SAMPLER_ARG", "1.5"],
  ["a share that is none", "OTEL_TRACES_SAMPLER_ARG", "half"],
  ["a collector that is no address", "OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"],
])("%s is refused, without the value", (_, variable, value) => {
  const problems = problemsOf({ ...endpoint, [variable]: value });
  expect(problems).toMatchObject([{ variable }]);
  expect(JSON.stringify(problems)).not.toContain("secret-value");
});
