import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { afterAll, describe, expect, it } from "vitest";

const executablePath = "/usr/bin/chromium";

/**
 * Debian's Chromium, without a window; null where it is not installed, and then a failed test in CI. Call at the top of
 * a test file; it is ended after the file's last test.
 */
export async function startChromium(): Promise<Browser | null> {
  const isInstalled = existsSync(executablePath);
  describe("the browser of the tests", () => {
    it.skipIf(!isInstalled && !process.env.CI)("is there: Debian's package chromium", () => {
      expect(isInstalled).toBe(true);
    });
  });
  if (!isInstalled) return null;
  const browser = await chromium.launch({ executablePath });
  afterAll(() => browser.close());
  return browser;
}
