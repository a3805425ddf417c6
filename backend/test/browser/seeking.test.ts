import { readdirSync, readlinkSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect, it, vi } from "vitest";
import { documentOf, getFile } from "../files/client.ts";
import { createTenant, uploadFile } from "../harness/client.ts";
import { makeFilm } from "./film.ts";
import { colourOf, openTab, seek, signIn, stateOf } from "./page.ts";
import { createBrowserWorld } from "./world.ts";

const world = await createBrowserWorld();
const wait = { timeout: 15_000 };

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  /** First byte and length of the file, of what Content-Range says. */
  readonly start: number;
  readonly size: number;
}

/** What the player of a page was answered, as it goes on. */
function mediaAnswers(page: Page): Answer[] {
  const answers: Answer[] = [];
  page.on("response", (response) => {
    if (response.request().resourceType() !== "media") return;
    const { "content-type": type, "content-range": range = "" } = response.headers();
    const [, start, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(range) ?? [];
    answers.push({ status: response.status(), type, start: Number(start), size: Number(size) });
  });
  return answers;
}

if (world)
  describe.each(world.apps)("a <video> of a file on %s", async (driver, app) => {
    const { browser, webClient } = world;
    const tenant = await createTenant(app);
    const boss = tenant.people.org_admin;
    const bytes = await makeFilm();
    const film = await uploadFile(app, boss.token, bytes, {
      ...documentOf(tenant),
      fileName: "film.webm",
      contentType: "video/webm",
    });
    await vi.waitFor(
      async () => expect((await getFile(app, boss.token, film.id)).json.status).toBe("ready"),
      wait,
    );

    async function watch() {
      const page = await openTab(browser);
      const answers = mediaAnswers(page);
      await signIn(page, webClient.origin, app, boss);
      await page.getByRole("button", { name: "film.webm" }).click();
      const video = page.locator("video");
      const showsMoment = (moment: number) =>
        vi.waitFor(
          async () => expect(await stateOf(video)).toMatchObject({ currentTime: moment, hasPicture: true }),
          wait,
        );
      await showsMoment(0);
      return { page, answers, video, showsMoment };
    }

    it("seeks over megabytes, on and back, and shows the right frame", async () => {
      const { answers, video, showsMoment } = await watch();
      expect(await colourOf(video)).toBe("red");
      for (const [moment, colour] of [
        [20, "blue"],
        [11, "green"],
      ] as const) {
        const before = answers.length;
        await seek(video, moment);
        await showsMoment(moment);
        expect(await colourOf(video)).toBe(colour);
        // The frames are all of one size: so far into the film is so far into the file.
        const place = (moment / 24) * bytes.length;
        const jump = answers.slice(before).find(({ start }) => Math.abs(start - place) < 1_500_000);
        expect(jump, JSON.stringify(answers)).toMatchObject({
          status: 206,
          size: bytes.length,
          type: "video/webm",
        });
      }
    });

    it("plays on where it has sought", async () => {
      const { video, showsMoment } = await watch();
      await seek(video, 15);
      await showsMoment(15);
      await video.evaluate((player: { play(): Promise<void> }) => player.play());
      await vi.waitFor(async () => expect((await stateOf(video)).currentTime).toBeGreaterThan(16), wait);
      expect(await colourOf(video)).toBe("blue");
    });

    it("takes a new URL before its own expires, and goes on at the same place", async () => {
      const { page, video, showsMoment } = await watch();
      await page.clock.setFixedTime(Date.now() + 5 * 60_000);
      const renewed = page.waitForResponse(`${app.url}/api/v1/files/${film.id}`);
      await seek(video, 20);
      const { downloadUrl } = await (await renewed).json();
      await showsMoment(20);
      expect((await stateOf(video)).currentSrc).toBe(downloadUrl);
      expect(await colourOf(video)).toBe("blue");
    });

    /** A page that reads the beginning of the film, and leaves the rest where it is. */
    async function beginToRead(url: string, headers: Record<string, string>) {
      const page = await openTab(browser);
      await page.goto(`${webClient.origin}/upload.html`);
      await page.evaluate(
        async ([from, sent]) => {
          const answer = await fetch(from, { headers: sent });
          await answer.body?.getReader().read();
        },
        [url, headers] as const,
      );
      return page;
    }

    it("leaves nothing open in the store when one leaves the page", async () => {
      const read = vi.spyOn(app.deps.storage, "read");
      const page = await beginToRead(`${app.url}/api/v1/files/${film.id}/stream`, {
        authorization: `Bearer ${boss.token}`,
      });
      const source = await read.mock.results[0]?.value;
      read.mockRestore();
      expect(source.closed).toBe(false);
      await page.goto("about:blank");
      await vi.waitFor(() => expect(source.closed).toBe(true), wait);
    });

    if (driver === "disk")
      it("leaves no file open when one leaves the page", async () => {
        const openFiles = () =>
          readdirSync("/proc/self/fd").filter((fd) => linkOf(fd).startsWith(app.config.dataDir));
        const page = await beginToRead((await getFile(app, boss.token, film.id)).json.downloadUrl, {});
        expect(openFiles()).not.toEqual([]);
        await page.goto("about:blank");
        await vi.waitFor(() => expect(openFiles()).toEqual([]), wait);
      });
  });

/** Where a descriptor leads; nowhere if it was closed meanwhile. */
function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}
