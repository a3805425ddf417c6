import { expect } from "vitest";
import type { TestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { MIB } from "./samples.ts";

type Api = Pick<TestApp, "url">;

export const PART = 16 * MIB;

export interface Started {
  readonly uploadId: string;
  readonly storageKey: string;
  readonly partSize: number;
  readonly partCount: number;
  readonly expiresAt: string;
}

interface PartUrl {
  readonly partNumber: number;
  readonly uploadUrl: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly size: number;
}

const path = "/api/v1/files/multipart";

export const start = (app: Api, token: string | undefined, body: unknown) =>
  call(app, "POST", path, { token, body });

export const parts = (app: Api, token: string | undefined, uploadId: string, body: unknown = {}) =>
  call(app, "POST", `${path}/${uploadId}/parts`, { token, body });

export const complete = (app: Api, token: string | undefined, uploadId: string) =>
  call(app, "POST", `${path}/${uploadId}/complete`, { token });

export const abort = (app: Api, token: string | undefined, uploadId: string) =>
  call(app, "DELETE", `${path}/${uploadId}`, { token });

export async function begin(app: Api, token: string, body: object): Promise<Started> {
  const started = await start(app, token, body);
  expect(started.status, started.text).toBe(201);
  return started.json;
}

/** Sends these parts of the bytes, and says with which status each was taken. */
export async function sendParts(
  app: Api,
  token: string,
  { uploadId }: Started,
  bytes: Uint8Array,
  partNumbers: readonly number[],
): Promise<number[]> {
  const signed = await parts(app, token, uploadId, { partNumbers });
  expect(signed.status, signed.text).toBe(200);
  return Promise.all(signed.json.parts.map((part: PartUrl) => sendPart(part, bytes)));
}

export async function sendPart({ partNumber, uploadUrl, method, headers, size }: PartUrl, bytes: Uint8Array) {
  const offset = (partNumber - 1) * PART;
  const body = Buffer.from(bytes.subarray(offset, offset + size));
  const sent = await fetch(uploadUrl, { method, headers, body });
  await sent.text();
  return sent.status;
}

/** An upload whose parts are all there, not completed. */
export async function uploadInParts(app: Api, token: string, bytes: Uint8Array, body: object) {
  const started = await begin(app, token, { size: bytes.length, ...body });
  const numbers = Array.from({ length: started.partCount }, (_, index) => index + 1);
  const statuses = await sendParts(app, token, started, bytes, numbers);
  expect(new Set(statuses)).toEqual(new Set([200]));
  return started;
}

/** What the store knows of uploads in parts. */
export async function openUploads({ deps }: TestApp, { storageKey }: Started): Promise<string[]> {
  const ids: string[] = [];
  for await (const { key, uploadId } of deps.storage.listMultiparts("staging/"))
    if (key === `staging/${storageKey}`) ids.push(uploadId);
  return ids;
}
