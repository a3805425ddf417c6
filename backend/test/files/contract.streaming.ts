import { beforeAll, describe, expect, it } from "vitest";
import { call, uploadFile } from "../harness/client.ts";
import { documentOf, getFile, stream } from "./client.ts";
import { document } from "./samples.ts";
import type { World } from "./world.ts";

export function describeStreaming({ app, home }: World): void {
  const { token } = home.people.client;
  const bytes = document(1000);
  const size = bytes.length;
  let id = "";
  let etag = "";

  beforeAll(async () => {
    ({ id } = await uploadFile(app, home.people.org_admin.token, bytes, documentOf(home)));
    etag = (await stream(app, token, id)).headers.get("etag") ?? "";
  });

  const get = (headers: Record<string, string> = {}) => stream(app, token, id, { headers });

  describe("a stream", () => {
    it("carries type, length, name, validator and the headers that keep it harmless", async () => {
      const { headers } = await get();
      expect(headers.get("content-type")).toBe("application/pdf");
      expect(headers.get("content-length")).toBe(String(size));
      expect(headers.get("accept-ranges")).toBe("bytes");
      expect(headers.get("etag")).toMatch(/^"[^"]+"$/);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("content-security-policy")).toBe("sandbox; default-src 'none'");
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("strict-transport-security")).toMatch(/^max-age=/);
      expect(headers.get("x-request-id")).toBeTruthy();
      expect(headers.get("set-cookie")).toBeNull();
      expect(headers.get("server")).toBeNull();
    });

    it("answers HEAD like GET, without the bytes", async () => {
      const head = await stream(app, token, id, { method: "HEAD" });
      const whole = await get();
      expect(head.status).toBe(200);
      expect(head.bytes.length).toBe(0);
      for (const name of ["content-type", "content-length", "content-disposition", "etag", "accept-ranges"])
        expect(head.headers.get(name), name).toBe(whole.headers.get(name));
      const part = await stream(app, token, id, { method: "HEAD", headers: { range: "bytes=0-9" } });
      expect([206, 200]).toContain(part.status);
      expect(part.headers.get("content-length")).toBe(part.status === 206 ? "10" : String(size));
    });

    it.each([
      ["bytes=0-0", 0, 0],
      ["bytes=0-99", 0, 99],
      ["bytes=999-999", 999, 999],
      ["bytes=990-", 990, 999],
      ["bytes=0-", 0, 999],
      ["bytes=-1", 999, 999],
      ["bytes=-100", 900, 999],
      ["bytes=-5000", 0, 999],
      ["bytes=500-5000", 500, 999],
      ["BYTES=1-2", 1, 2],
    ])("gives the range %s", async (range, start, end) => {
      const answer = await get({ range });
      expect(answer.status).toBe(206);
      expect(answer.headers.get("content-range")).toBe(`bytes ${start}-${end}/${size}`);
      expect(answer.headers.get("content-length")).toBe(String(end - start + 1));
      expect(answer.headers.get("content-security-policy")).toBe("sandbox; default-src 'none'");
      expect(answer.bytes.equals(bytes.subarray(start, end + 1))).toBe(true);
    });

    it.each(["bytes=1000-", "bytes=1000-1001", "bytes=99999999999999-", "bytes=-0"])(
      "has no range %s",
      async (range) => {
        const answer = await get({ range });
        expect(answer.status).toBe(416);
        expect(answer.headers.get("content-range")).toBe(`bytes */${size}`);
        expect(JSON.parse(String(answer.bytes)).code).toBe("range_not_satisfiable");
      },
    );

    // RFC 9110, 14.2: a recipient ignores a Range that it cannot make sense of.
    it.each([
      "bytes",
      "bytes=",
      "bytes=-",
      "bytes=a-b",
      "bytes=5-2",
      "items=0-9",
      "bytes 0-9",
      "bytes=0x1-5",
      "bytes=1.5-3",
      "bytes=--5",
      "bytes=1-2-3",
      `bytes=${"9".repeat(400)}-`,
    ])("takes no harm from a range that is none: %s", async (range) => {
      const answer = await get({ range });
      expect([200, 416]).toContain(answer.status);
      if (answer.status === 200) expect(answer.bytes.equals(bytes)).toBe(true);
    });

    it("answers several ranges with everything, or with parts that are right", async () => {
      const answer = await get({ range: "bytes=0-1,5-6" });
      expect([200, 206]).toContain(answer.status);
      if (answer.status === 200) expect(answer.bytes.equals(bytes)).toBe(true);
      else expect(answer.headers.get("content-type")).toMatch(/^multipart\/byteranges/);
      const many = `bytes=${Array.from({ length: 1000 }, (_, i) => `${i}-${i}`).join(",")}`;
      expect((await get({ range: many })).bytes.length).toBeLessThanOrEqual(size * 2);
    });

    it("gives the range under If-Range only while the validator is the same", async () => {
      const range = "bytes=0-9";
      expect((await get({ range, "if-range": etag })).status).toBe(206);
      for (const other of ['"other"', `W/${etag}`, "Wed, 21 Oct 2015 07:28:00 GMT"]) {
        const answer = await get({ range, "if-range": other });
        expect(answer.status, other).toBe(200);
        expect(answer.bytes.equals(bytes)).toBe(true);
      }
      expect((await get({ range: "bytes=5000-", "if-range": '"other"' })).status).toBe(200);
    });

    it.each([
      ["the same", (tag: string) => tag],
      ["the same, weak", (tag: string) => `W/${tag}`],
      ["one of several", (tag: string) => `"a", ${tag}, "b"`],
      ["any", () => "*"],
    ])("is 304 under If-None-Match with %s", async (_, header) => {
      const answer = await get({ "if-none-match": header(etag) });
      expect(answer.status).toBe(304);
      expect(answer.bytes.length).toBe(0);
      expect(answer.headers.get("etag")).toBe(etag);
      const head = await stream(app, token, id, {
        method: "HEAD",
        headers: { "if-none-match": header(etag) },
      });
      expect(head.status).toBe(304);
      const ranged = await get({ "if-none-match": header(etag), range: "bytes=0-9" });
      expect(ranged.status).toBe(304);
    });

    it("is whole under If-None-Match with another", async () => {
      expect((await get({ "if-none-match": '"other"' })).status).toBe(200);
    });

    it("refuses parameters nobody knows, and other methods with the list of those it has", async () => {
      expect((await call(app, "GET", `/api/v1/files/${id}/stream?x=1`, { token })).status).toBe(400);
      expect((await call(app, "GET", `/api/v1/files/${id}?x=1`, { token })).status).toBe(400);
      const put = await call(app, "PUT", `/api/v1/files/${id}/stream`, { token });
      expect(put.status).toBe(405);
      expect(put.headers.get("allow")).toContain("GET");
    });

    it("answers on the unversioned path alike", async () => {
      const response = await fetch(`${app.url}/api/files/${id}/stream`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
      expect((await call(app, "GET", `/api/files/${id}/stream`)).status).toBe(401);
    });

    it("is not cut short by a large file or by a slow reader", async () => {
      const large = document(9_000_001);
      const file = await uploadFile(app, home.people.manager.token, large, documentOf(home));
      const response = await fetch(`${app.url}/api/v1/files/${file.id}/stream`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.body ?? []) {
        await new Promise((resolve) => setImmediate(resolve));
        chunks.push(chunk);
      }
      expect(Buffer.concat(chunks).equals(large)).toBe(true);
    });
  });

  describe("a download URL", () => {
    it("serves the bytes without a token for at most five minutes, with the type and name that were checked", async () => {
      const { json } = await getFile(app, token, id);
      const life = Date.parse(json.downloadUrlExpiresAt) - Date.now();
      expect(life).toBeGreaterThan(3 * 60_000);
      expect(life).toBeLessThanOrEqual(5 * 60_000);
      const seconds = new URL(json.downloadUrl).searchParams.get("X-Amz-Expires");
      if (seconds !== null) expect(Number(seconds)).toBeLessThanOrEqual(300);
      const response = await fetch(json.downloadUrl);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("application/pdf");
      expect(response.headers.get("content-disposition")).toBe(
        (await get()).headers.get("content-disposition"),
      );
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
      const part = await fetch(json.downloadUrl, { headers: { range: "bytes=10-19" } });
      expect(part.status).toBe(206);
      expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(10, 20))).toBe(true);
    });

    it("refuses every change of it", async () => {
      const url = new URL((await getFile(app, token, id)).json.downloadUrl);
      const edits: URL[] = [];
      for (const [name, value] of url.searchParams) {
        const edited = new URL(url);
        edited.searchParams.set(
          name,
          value.replace(/.$/, (c) => (c === "0" ? "1" : "0")),
        );
        const removed = new URL(url);
        removed.searchParams.delete(name);
        edits.push(edited, removed);
      }
      const elsewhere = new URL(url);
      elsewhere.pathname = url.pathname.replace(id, crypto.randomUUID());
      expect(edits.length).toBeGreaterThanOrEqual(4);
      for (const edit of [...edits, elsewhere, new URL(url.pathname, url)]) {
        const response = await fetch(edit);
        expect(response.status, edit.href).toBeGreaterThanOrEqual(400);
        expect(response.status, edit.href).toBeLessThan(500);
        expect((await response.text()).includes("%PDF")).toBe(false);
      }
      for (const method of ["PUT", "DELETE", "POST"]) {
        const response = await fetch(url, { method, ...(method !== "DELETE" && { body: "x" }) });
        expect(response.status, method).toBeGreaterThanOrEqual(400);
        await response.text();
      }
      expect((await get()).bytes.equals(bytes)).toBe(true);
    });

    it.each(["response-content-type=text/html", "type=text/html", "disposition=inline"])(
      "does not serve as something else when this is added: %s",
      async (addition) => {
        const { downloadUrl } = (await getFile(app, token, id)).json;
        const response = await fetch(`${downloadUrl}&${addition}`);
        await response.text();
        if (response.status === 200) {
          expect(response.headers.get("content-type")).toBe("application/pdf");
          expect(response.headers.get("content-disposition")).toMatch(/^attachment/);
        } else expect(response.status).toBeLessThan(500);
      },
    );

    it("is fresh on every read: GET of a file is never 304", async () => {
      const first = await call(app, "GET", `/api/v1/files/${id}`, { token });
      const tag = first.headers.get("etag") ?? `"v${first.json.version}"`;
      const again = await call(app, "GET", `/api/v1/files/${id}`, {
        token,
        headers: { "if-none-match": tag },
      });
      expect(again.status).toBe(200);
      expect(again.headers.get("cache-control")).toBe("no-store");
    });
  });
}
