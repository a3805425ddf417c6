import { expect, test, vi } from "vitest";
import { watchSecrets } from "../../src/config/watch-secrets.ts";
import { startTracing } from "../../src/process/tracing.ts";
import { startCollector } from "../watch/collector.ts";
import { freshSecret, secretFolder } from "./secret-file.ts";

const { file, write } = secretFolder();

test("the key for the collector changes without a restart", async () => {
  const collector = await startCollector();
  const [before, after] = [freshSecret(), freshSecret()];
  const watch = await watchSecrets({
    NODE_ENV: "test",
    DATABASE_URL: "postgres://app@127.0.0.1:1/app",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_EXPORTER_OTLP_HEADERS_FILE: file("otlp_headers", `authorization=${before}`),
  });
  const tracing = await startTracing(watch);
  const sent = async () => {
    const earlier = collector.requests.length;
    tracing?.start("anything").end();
    await vi.waitFor(() => expect(collector.requests.length).toBeGreaterThan(earlier), 20_000);
    return collector.requests.at(-1)?.authorization;
  };
  expect(await sent()).toBe(before);
  write("otlp_headers", `authorization=${after}`);
  await watch.refresh();
  expect(await sent()).toBe(after);
  await tracing?.stop();
});
