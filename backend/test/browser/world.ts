import type { Browser } from "playwright-core";
import { s3Settings } from "../files/world.ts";
import { startTestApp, type TestApp } from "../harness/app.ts";
import { startChromium } from "./chromium.ts";
import { startWebClient, type WebClient } from "./web-client.ts";

export interface BrowserWorld {
  readonly browser: Browser;
  readonly webClient: WebClient;
  /** By the name of the driver of their files. */
  readonly apps: readonly (readonly [string, TestApp])[];
}

/**
 * A browser, the page of the examples at an origin of its own, and the application on disk and, where S3_ENDPOINT names
 * a server, on S3; null without a browser. Call at the top of a test file.
 */
export async function createBrowserWorld(): Promise<BrowserWorld | null> {
  const browser = await startChromium();
  if (browser === null) return null;
  const webClient = await startWebClient();
  const env = { CORS_ORIGIN: webClient.origin };
  const apps: [string, TestApp][] = [["disk", await startTestApp({ env })]];
  const endpoint = process.env.S3_ENDPOINT;
  if (endpoint !== undefined) {
    const s3 = await s3Settings(endpoint, webClient.origin);
    apps.push(["S3", await startTestApp({ env: { ...env, ...s3 } })]);
  }
  return { browser, webClient, apps };
}
