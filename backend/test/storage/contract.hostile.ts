import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import { newKey, putBytes, readBytes, TYPE } from "./content.ts";
import { send } from "./request.ts";

const MINE = Buffer.from("mine, and nothing else");
const SECRET = "another tenant's secret";

/** Headers that nobody signed. Stores differ in whether they refuse them; none may give anything away. */
const smuggled: readonly Record<string, string>[] = [
  { "x-amz-acl": "public-read" },
  { "x-amz-acl": "public-read-write" },
  { "x-amz-grant-read": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' },
  { "x-amz-grant-full-control": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' },
  { "x-amz-meta-role": "admin" },
  { "x-amz-tagging": "public=yes" },
  { "x-amz-website-redirect-location": "https://evil.example" },
  { "x-amz-storage-class": "GLACIER" },
  { "x-amz-object-lock-mode": "COMPLIANCE" },
  { "x-amz-metadata-directive": "REPLACE" },
  { "x-http-method-override": "DELETE" },
  { "content-encoding": "gzip" },
  { "cache-control": "public, max-age=31536000" },
  { "content-disposition": "inline" },
  { "content-language": "xx-evil" },
  { expires: "Fri, 01 Jan 2038 00:00:00 GMT" },
];

const appended = [
  "uploads",
  "uploads=",
  "acl",
  "tagging",
  "policy",
  "retention",
  "versionId=null",
  "partNumber=1&uploadId=x",
  "part=1&upload=x",
  "x-amz-acl=public-read",
  "x-amz-tagging=a%3Db",
  "x-amz-meta-role=admin",
  "response-content-type=text/html",
];

/** What somebody can do with an upload URL who does not only send what was asked for. */
export function describeHostileUploads(storage: () => StoragePort): void {
  async function signed(key = newKey()) {
    const size = MINE.length;
    const upload = await storage().presignPut({ key, contentType: TYPE, size, expiresIn: 60 });
    return { key, ...upload, plain: upload.url.slice(0, upload.url.indexOf("?")) };
  }

  /** The key of something that is not the caller's, and every way to write where it lies. */
  async function victim() {
    const key = `objects/${randomUUID()}/${randomUUID()}`;
    await putBytes(storage(), key, SECRET);
    const { url } = await storage().presignPut({ key, contentType: TYPE, size: 1, expiresIn: 60 });
    const path = new URL(url).pathname.slice(1);
    const sources = [path, `/${path}`, path.replaceAll("/", "%2F"), `${path}?versionId=null`, key, `/${key}`];
    return { key, sources };
  }

  describe("hostile use of an upload URL", () => {
    it("copies nothing from elsewhere, in one piece or as a part (CVE-2026-97731)", async () => {
      const { key: theirs, sources } = await victim();
      for (const source of sources)
        for (const extra of [
          {},
          { "x-amz-copy-source-range": "bytes=0-5" },
          { "x-amz-metadata-directive": "COPY" },
        ]) {
          const copy = { "x-amz-copy-source": source, ...extra };
          for (const body of [MINE, Buffer.alloc(0)]) {
            const { key, url, headers } = await signed();
            const answer = await send(url, { method: "PUT", headers: { ...headers, ...copy }, body });
            expect(String(answer.body), source).not.toContain(SECRET);
            const stored = await readBytes(storage(), key);
            if (stored) expect(stored.equals(MINE), source).toBe(true);
          }
        }
      const key = newKey();
      const uploadId = await storage().startMultipart(key, TYPE);
      const size = MINE.length;
      const part = await storage().presignPart({ key, uploadId, partNumber: 1, size, expiresIn: 60 });
      for (const source of sources) {
        const copy = {
          "x-amz-copy-source": source,
          "x-amz-copy-source-range": `bytes=0-${SECRET.length - 1}`,
        };
        await send(part.url, { method: "PUT", headers: { ...part.headers, ...copy }, body: MINE });
      }
      const parts = await storage().listParts(key, uploadId);
      if (parts.length > 0) {
        await storage().completeMultipart(key, uploadId, parts);
        expect((await readBytes(storage(), key))?.equals(MINE)).toBe(true);
      } else await storage().abortMultipart(key, uploadId);
      expect(String(await readBytes(storage(), theirs))).toBe(SECRET);
    });

    it.each(smuggled)("publishes and marks nothing by a header: %o", async (header) => {
      const { key, url, headers, plain } = await signed();
      const { status } = await send(url, { method: "PUT", headers: { ...headers, ...header }, body: MINE });
      expect(status).toBeLessThan(500);
      expect((await send(plain)).status).toBeGreaterThanOrEqual(400);
      if (status >= 400) return expect(await storage().head(key)).toBeNull();
      expect((await readBytes(storage(), key))?.equals(MINE)).toBe(true);
      // What is kept of it is a copy, and that has the bytes alone.
      const kept = `objects/${randomUUID()}/${randomUUID()}`;
      await storage().copy(key, kept);
      const download = await storage().presignGet({
        key: kept,
        contentType: "application/pdf",
        contentDisposition: "attachment",
        expiresIn: 60,
      });
      const served = await send(download.url);
      expect(served.body.equals(MINE)).toBe(true);
      expect(served.headers).toMatchObject({
        "content-type": "application/pdf",
        "content-disposition": "attachment",
      });
      const [[name = "", value = ""] = []] = Object.entries(header);
      expect(served.headers[name]).not.toBe(value);
      expect((await send(download.url.slice(0, download.url.indexOf("?")))).status).toBeGreaterThanOrEqual(
        400,
      );
    });

    it.each(appended)("does nothing else by another parameter: %s", async (parameter) => {
      const { key, url, headers } = await signed();
      for (const method of ["PUT", "POST", "DELETE"]) {
        for (const attack of [`${url}&${parameter}`, url.replace("?", `?${parameter}&`)]) {
          const { status } = await send(attack, { method, headers, body: MINE });
          expect(status, method).toBeGreaterThanOrEqual(400);
          expect(status, method).toBeLessThan(500);
        }
      }
      expect(await storage().head(key)).toBeNull();
    });
  });
}
