import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it, vi } from "vitest";
import { documentOf, getFile } from "../files/client.ts";
import { html } from "../files/samples.ts";
import { createTenant, uploadFile } from "../harness/client.ts";
import { makeFilm } from "./film.ts";
import { openTab, signIn, stateOf, upload, watchProgress } from "./page.ts";
import { createBrowserWorld } from "./world.ts";

const world = await createBrowserWorld();
const picture = await sharp({ create: { width: 320, height: 200, channels: 3, background: "teal" } })
  .png({ compressionLevel: 0 })
  .toBuffer();
const folder = mkdtempSync(join(tmpdir(), "browser-"));
afterAll(() => rmSync(folder, { recursive: true }));
const film = join(folder, "film.webm");
writeFileSync(film, await makeFilm());

if (world)
  describe.each(world.apps)("a browser on the page of the examples, with files on %s", async (_, app) => {
    const { browser, webClient } = world;
    const tenant = await createTenant(app);
    const boss = tenant.people.org_admin;

    const widthOf = (img: { naturalWidth: number }) => img.naturalWidth;

    async function signedIn() {
      const page = await openTab(browser);
      await signIn(page, webClient.origin, app, boss);
      await page.getByLabel("File").waitFor();
      return page;
    }

    it("sends a picture with progress and shows its bytes, whatever its name", async () => {
      const page = await signedIn();
      const shownProgress = await watchProgress(page);
      const name = 'tëal <img src=x> ".png';
      await upload(page, { name, mimeType: "image/png", buffer: picture });
      const img = page.getByRole("img", { name });
      await vi.waitFor(async () => expect(await img.evaluate(widthOf)).toBe(320), 15_000);
      expect(await img.getAttribute("src")).toMatch(/^blob:/);
      expect((await shownProgress()).at(-1)).toBe(1);
      await page.getByText(`Uploaded ${name}`).waitFor();
      expect(await page.getByRole("listitem").first().textContent()).toContain("image/png");
    });

    it("shows a picture by its signed URL", async () => {
      const { id } = await uploadFile(app, boss.token, picture, {
        ...documentOf(tenant),
        fileName: "a.png",
        contentType: "image/png",
      });
      const page = await signedIn();
      const { downloadUrl } = (await getFile(app, boss.token, id)).json;
      await page.evaluate(`{
        const img = Object.assign(new Image(), { src: ${JSON.stringify(downloadUrl)}, alt: "signed" });
        document.body.append(img);
      }`);
      const img = page.getByRole("img", { name: "signed" });
      await vi.waitFor(async () => expect(await img.evaluate(widthOf)).toBe(320), 15_000);
    });

    it("sends a film in parts with progress, waits for the check and plays it", async () => {
      const page = await signedIn();
      const shownProgress = await watchProgress(page);
      const network = await page.context().newCDPSession(page);
      await network.send("Network.enable");
      await network.send("Network.emulateNetworkConditions", {
        offline: false,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: 20_000_000,
      });
      await upload(page, film);
      const video = page.locator("video");
      await vi.waitFor(
        async () => expect(await stateOf(video)).toMatchObject({ duration: 24, hasPicture: true }),
        20_000,
      );
      const progress = await shownProgress();
      expect(progress).toEqual(progress.toSorted((a, b) => a - b));
      expect(progress.length).toBeGreaterThan(5);
      expect(progress.at(-1)).toBe(1);
    });

    it("is told why a page that calls itself a picture is refused", async () => {
      const page = await signedIn();
      await upload(page, { name: "picture.png", mimeType: "image/png", buffer: html });
      await page.getByText("The bytes are not image/png").waitFor();
    });

    it("gets nowhere from an origin that nobody named", async () => {
      const page = await openTab(browser);
      await signIn(page, webClient.strangeOrigin, app, boss);
      await page.getByText("Failed to fetch").waitFor();
    });
  });
