import type { Browser, Locator, Page } from "playwright-core";
import sharp from "sharp";
import { onTestFinished } from "vitest";
import type { TestApp } from "../harness/app.ts";
import { type Person, password } from "../harness/client.ts";

/** A tab of a browser that knows nothing, closed after the running test. */
export async function openTab(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 900, height: 800 } });
  onTestFinished(() => context.close());
  return context.newPage();
}

/** Opens the page of the examples and tries to sign in. */
export async function signIn(page: Page, origin: string, app: TestApp, { email }: Person): Promise<void> {
  await page.goto(`${origin}/upload.html?api=${app.url}`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** What the bar of progress has shown, first to last. */
export async function watchProgress(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(`{
    const bar = document.querySelector("progress");
    globalThis.shown = [];
    new MutationObserver(() => shown.push(bar.value)).observe(bar, { attributes: true });
  }`);
  return () => page.evaluate<number[]>("shown");
}

/** Sends the file as a person does, who chooses it and presses the button. */
export async function upload(
  page: Page,
  file: string | { name: string; mimeType: string; buffer: Buffer },
): Promise<void> {
  await page.getByLabel("File").setInputFiles(file);
  await page.getByRole("button", { name: "Upload" }).click();
}

/** What a test asks of a `<video>`. */
interface Player {
  currentTime: number;
  readonly duration: number;
  readonly seeking: boolean;
  /** HAVE_CURRENT_DATA is 2: there is a picture of this moment. */
  readonly readyState: number;
  readonly currentSrc: string;
}

export const stateOf = (video: Locator) =>
  video.evaluate(({ currentTime, duration, seeking, readyState, currentSrc }: Player) => ({
    currentTime,
    duration,
    currentSrc,
    hasPicture: !seeking && readyState >= 2,
  }));

export const seek = (video: Locator, seconds: number) =>
  video.evaluate((player: Player, to) => {
    player.currentTime = to;
  }, seconds);

/** The colour that most of what is on the screen there has. */
export async function colourOf(element: Locator): Promise<"red" | "green" | "blue"> {
  const { channels } = await sharp(await element.screenshot()).stats();
  const [red = 0, green = 0, blue = 0] = channels.map(({ mean }) => mean);
  if (red > Math.max(green, blue)) return "red";
  return green > blue ? "green" : "blue";
}
