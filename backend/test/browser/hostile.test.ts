import { describe, expect, it } from "vitest";
import { documentOf, getFile } from "../files/client.ts";
import { gif } from "../files/samples.ts";
import { createTenant, uploadFile } from "../harness/client.ts";
import { openTab } from "./page.ts";
import { createBrowserWorld } from "./world.ts";

const world = await createBrowserWorld();

if (world) {
  const { browser, webClient, apps } = world;
  /** Where a script calls that has run. */
  const call = `${webClient.origin}/ran`;
  const calls = () => webClient.visits.filter((path) => path.startsWith("/ran"));
  const script = `<script>new Image().src = "${call}"; fetch("${call}")</script>`;
  const html = Buffer.from(
    `<!doctype html><title>Ran</title><img src=x onerror='fetch("${call}")'>${script}`,
  );
  const svg = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload='fetch("${call}")'>${script}</svg>`,
  );
  const xhtml = Buffer.from(`<html xmlns="http://www.w3.org/1999/xhtml"><body>${script}</body></html>`);

  it("the scripts below run where nothing stops them", async () => {
    const page = await openTab(browser);
    for (const [contentType, body] of [
      ["text/html", html],
      ["image/svg+xml", svg],
      ["text/xml", xhtml],
    ] as const) {
      webClient.visits.length = 0;
      await page.route(`${webClient.origin}/plain`, (route) => route.fulfill({ contentType, body }));
      await Promise.all([page.waitForResponse(call), page.goto(`${webClient.origin}/plain`)]);
      expect(calls(), contentType).not.toEqual([]);
    }
  });

  describe.each(apps)("a hostile file on %s, opened as a page", async (driver, app) => {
    const tenant = await createTenant(app);
    const boss = tenant.people.org_admin;
    const extraHTTPHeaders = { authorization: `Bearer ${boss.token}` };

    async function urlsOf(fileName: string, contentType: string, bytes: Buffer) {
      const { id } = await uploadFile(app, boss.token, bytes, {
        ...documentOf(tenant),
        fileName,
        contentType,
      });
      const { downloadUrl } = (await getFile(app, boss.token, id)).json;
      return { signed: String(downloadUrl), stream: `${app.url}/api/v1/files/${id}/stream` };
    }

    it.each([
      ["page.html", "text/html", html],
      ["drawing.svg", "image/svg+xml", svg],
      ["data.xml", "text/xml", xhtml],
      ["notes.txt", "text/plain", html],
      ["picture.png", "application/octet-stream", html],
    ])("is saved, not shown: %s as %s", async (fileName, contentType, bytes) => {
      webClient.visits.length = 0;
      const { signed, stream } = await urlsOf(fileName, contentType, bytes);
      const page = await openTab(browser);
      for (const [url, headers] of [
        [signed, {}],
        [stream, extraHTTPHeaders],
      ] as const) {
        await page.setExtraHTTPHeaders(headers);
        const saved = page.waitForEvent("download");
        await expect(page.goto(url)).rejects.toThrow(/Download is starting|ERR_ABORTED/);
        expect((await saved).suggestedFilename()).toBe(fileName);
        expect(page.url()).toBe("about:blank");
      }
      await page.setExtraHTTPHeaders({});
      const saved = page.waitForEvent("download");
      await page.setContent(`<iframe src="${signed.replaceAll("&", "&amp;")}"></iframe>`);
      await saved;
      expect(calls()).toEqual([]);
    });

    it("is a picture and nothing else where it begins like one", async () => {
      webClient.visits.length = 0;
      const { signed, stream } = await urlsOf("both.gif", "image/gif", Buffer.concat([gif, html]));
      const page = await openTab(browser);
      for (const [url, headers] of [
        [signed, {}],
        [stream, extraHTTPHeaders],
      ] as const) {
        await page.setExtraHTTPHeaders(headers);
        await page.goto(url);
        expect(await page.evaluate("[document.contentType, document.scripts.length]")).toEqual([
          "image/gif",
          0,
        ]);
        // The store itself cannot ask for a sandbox; a proxy in front of it does.
        if (driver === "disk" || url === stream) expect(await page.evaluate("origin")).toBe("null");
      }
      expect(calls()).toEqual([]);
    });
  });
}
