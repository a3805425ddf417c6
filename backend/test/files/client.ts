import { expect } from "vitest";
import type { TestApp } from "../harness/app.ts";
import { call, type Tenant } from "../harness/client.ts";

export interface Signed {
  readonly uploadUrl: string;
  readonly headers: Record<string, string>;
  readonly storageKey: string;
  readonly expiresAt: string;
}

type Api = Pick<TestApp, "url">;

export const presign = (app: Api, token: string | undefined, body: unknown) =>
  call(app, "POST", "/api/v1/files/presign", { token, body });

export const register = (app: Api, token: string | undefined, storageKey: unknown) =>
  call(app, "POST", "/api/v1/files/register", { token, body: { storageKey } });

export const getFile = (app: Api, token: string | undefined, id: string) =>
  call(app, "GET", `/api/v1/files/${id}`, { token });

export const deleteFile = (app: Api, token: string | undefined, id: string) =>
  call(app, "DELETE", `/api/v1/files/${id}`, { token });

/** What a document of this tenant is presigned with. */
export const documentOf = ({ organizationId }: Tenant, more: Record<string, unknown> = {}) => ({
  target: "organizationFile",
  organizationId,
  fileName: "welcome.pdf",
  contentType: "application/pdf",
  ...more,
});

/** Sends the bytes where presign said, with the headers it gave. */
export function put({ uploadUrl, headers }: Signed, body: Uint8Array, more: Record<string, string> = {}) {
  return fetch(uploadUrl, { method: "PUT", headers: { ...headers, ...more }, body: Buffer.from(body) });
}

/** presign and PUT; not registered. */
export async function upload(app: Api, token: string, bytes: Uint8Array, body: object): Promise<Signed> {
  const signed = await presign(app, token, { size: bytes.length, ...body });
  expect(signed.status, signed.text).toBe(201);
  const sent = await put(signed.json, bytes);
  expect(sent.status, await sent.text()).toBe(200);
  return signed.json;
}

interface StreamOptions {
  readonly method?: "GET" | "HEAD";
  readonly headers?: Record<string, string>;
}

export async function stream(
  app: Api,
  token: string | undefined,
  id: string,
  { method = "GET", headers = {} }: StreamOptions = {},
) {
  const response = await fetch(`${app.url}/api/v1/files/${id}/stream`, {
    method,
    headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes };
}

/** Keys of all objects, or of those below a prefix. */
export async function objectKeys({ deps }: TestApp, prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of deps.storage.list(prefix)) keys.push(key);
  return keys;
}

export const stagedObject = ({ deps }: TestApp, { storageKey }: Pick<Signed, "storageKey">) =>
  deps.storage.head(`staging/${storageKey}`);
