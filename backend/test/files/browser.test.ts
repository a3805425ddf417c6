import { describe, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../harness/app.ts";
import { createTenant, uploadFile } from "../harness/client.ts";
import { documentOf, getFile, presign, put, register } from "./client.ts";
import { document } from "./samples.ts";
import { s3Settings } from "./world.ts";

/** The one that `docker/s3/cors.json` names. */
const origin = "https://app.example.com";
const endpoint = process.env.S3_ENDPOINT;
const env = { CORS_ORIGIN: origin };
const apps: [string, TestApp][] = [["disk", await startTestApp({ env })]];
if (endpoint !== undefined)
  apps.push(["S3", await startTestApp({ env: { ...env, ...(await s3Settings(endpoint)) } })]);

const list = (header: string | null) => (header ?? "").toLowerCase().split(/,\s*/);

function preflight(url: string, method: string, headers: string, from = origin) {
  return fetch(url, {
    method: "OPTIONS",
    headers: {
      origin: from,
      "access-control-request-method": method,
      ...(headers && { "access-control-request-headers": headers }),
    },
  });
}

describe.each(apps)("a page of a known origin, with files on %s", async (_, app) => {
  const tenant = await createTenant(app);
  const { token } = tenant.people.org_admin;
  const authorization = `Bearer ${token}`;
  const bytes = document(12_000_000);
  const { id } = await uploadFile(app, token, bytes, documentOf(tenant));
  const stream = `${app.url}/api/v1/files/${id}/stream`;
  const downloadUrl = async () => String((await getFile(app, token, id)).json.downloadUrl);

  it("uploads to the signed URL, after a preflight", async () => {
    const signed = (await presign(app, token, documentOf(tenant, { size: 1000 }))).json;
    const asked = await preflight(signed.uploadUrl, "PUT", "content-type");
    expect(asked.ok).toBe(true);
    expect(asked.headers.get("access-control-allow-origin")).toBe(origin);
    expect(list(asked.headers.get("access-control-allow-methods"))).toContain("put");
    expect(list(asked.headers.get("access-control-allow-headers"))).toContain("content-type");
    const sent = await put(signed, document(1000), { origin });
    expect(sent.status).toBe(200);
    expect(sent.headers.get("access-control-allow-origin")).toBe(origin);
    expect((await register(app, token, signed.storageKey)).status).toBe(201);
  });

  it("uploads a part, which has no type, after a preflight", async () => {
    const begun = await fetch(`${app.url}/api/v1/files/multipart`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify(documentOf(tenant, { size: 1000 })),
    });
    const { uploadId } = (await begun.json()) as { uploadId: string };
    const asked = await fetch(`${app.url}/api/v1/files/multipart/${uploadId}/parts`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ partNumbers: [1] }),
    });
    const { parts } = (await asked.json()) as { parts: { uploadUrl: string }[] };
    const url = parts[0]?.uploadUrl ?? "";
    expect((await preflight(url, "PUT", "")).headers.get("access-control-allow-origin")).toBe(origin);
    const sent = await fetch(url, { method: "PUT", headers: { origin }, body: Buffer.from(document(1000)) });
    expect(sent.status).toBe(200);
    expect(sent.headers.get("access-control-allow-origin")).toBe(origin);
  });

  it("sees what a range is a part of, by token and by signed URL", async () => {
    for (const [url, headers] of [
      [stream, { authorization }],
      [await downloadUrl(), {}],
    ] as const) {
      const asked = await preflight(url, "GET", Object.keys({ ...headers, range: "" }).join(","));
      expect(asked.headers.get("access-control-allow-origin")).toBe(origin);
      const answer = await fetch(url, { headers: { ...headers, origin, range: "bytes=0-9" } });
      await answer.arrayBuffer();
      expect(answer.status).toBe(206);
      expect(answer.headers.get("accept-ranges")).toBe("bytes");
      expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
      const exposed = list(answer.headers.get("access-control-expose-headers"));
      expect(exposed).toEqual(
        expect.arrayContaining(["content-range", "accept-ranges", "content-disposition"]),
      );
      // Otherwise <img> and <video>, which ask without CORS, would be refused the signed URL.
      if (url !== stream)
        expect([null, "cross-origin"]).toContain(answer.headers.get("cross-origin-resource-policy"));
    }
  });

  it("seeks over megabytes, to the end and back", async () => {
    for (const [url, headers] of [
      [stream, { authorization }],
      [await downloadUrl(), {}],
    ] as const) {
      for (const [range, start, end] of [
        ["bytes=11900000-", 11_900_000, 12_000_000],
        ["bytes=-5000000", 7_000_000, 12_000_000],
        ["bytes=3000000-8999999", 3_000_000, 9_000_000],
        ["bytes=0-", 0, 12_000_000],
      ] as const) {
        const answer = await fetch(url, { headers: { ...headers, range } });
        expect(answer.status, range).toBe(206);
        expect(answer.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/12000000`);
        expect(Buffer.from(await answer.arrayBuffer()).equals(bytes.subarray(start, end)), range).toBe(true);
      }
      const behind = await fetch(url, { headers: { ...headers, range: "bytes=12000000-" } });
      await behind.arrayBuffer();
      expect(behind.status).toBe(416);
    }
  });

  it("of another origin gets nowhere", async () => {
    const url = await downloadUrl();
    const asked = await preflight(url, "PUT", "content-type", "https://evil.example");
    expect(asked.headers.get("access-control-allow-origin")).toBeNull();
    const answer = await fetch(url, { headers: { origin: "https://evil.example", range: "bytes=0-0" } });
    await answer.arrayBuffer();
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  });
});
