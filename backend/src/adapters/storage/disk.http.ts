import type { IncomingMessage, ServerResponse } from "node:http";
import { matchesEtag, parseRange } from "../../conditional.ts";
import { AppError } from "../../errors.ts";
import { mapFaults } from "./disk.faults.ts";
import type { DiskMultipart } from "./disk.multipart.ts";
import type { DiskObjects, OpenObject } from "./disk.objects.ts";
import type { Grant, Signer } from "./disk.signing.ts";
import type { ObjectHead } from "./port.ts";

const IDLE_UPLOAD_MS = 30_000;
/** A paused video player stops reading for a while. */
const IDLE_DOWNLOAD_MS = 5 * 60_000;
const DRAIN_BYTES = 64 * 1024 * 1024;
const DRAIN_MS = 10_000;

interface Parts {
  readonly signer: Signer;
  readonly objects: DiskObjects;
  readonly multipart: DiskMultipart;
}

/** Told once a request has a signature of ours, before anything is done for it; may refuse it. */
export type Admit = () => void;

/**
 * Serves `/storage/…`. Rejects with an AppError before any byte of the answer is written, and only after the rest of
 * the request was read, so that a client that is still sending gets to see the answer; what `admit` refuses is not read.
 */
export function createDiskHandler({ signer, objects, multipart }: Parts) {
  const receive = createReceiver({ objects, multipart });

  async function answer(grant: Grant, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (grant.purpose === "get")
      return download(grant.fields, await objects.open(grant.key), request, response);
    const stored = await receive(grant, request);
    response.writeHead(200, { etag: stored.etag, "content-length": 0 }).end();
  }

  async function fail(error: unknown, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (response.headersSent) {
      // The length was announced, so the client sees that the content is cut.
      response.destroy();
      return;
    }
    await drain(request, response);
    if (error instanceof AppError || !request.destroyed) throw error;
    throw new AppError("validation_failed", "The upload was cut off.", { cause: error });
  }

  return async (request: IncomingMessage, response: ServerResponse, admit: Admit = () => {}) => {
    let grant: Grant;
    try {
      grant = signer.verify(request.method ?? "", request.url ?? "");
    } catch (error) {
      return fail(error, request, response);
    }
    admit();
    await mapFaults(answer(grant, request, response)).catch((error) => fail(error, request, response));
  };
}

/** Takes the bytes of uploads. */
function createReceiver({ objects, multipart }: Pick<Parts, "objects" | "multipart">) {
  const underWay = new Map<string, IncomingMessage>();

  /**
   * A later upload to the same place ends one that is still being sent: its client has come back. Side by side, as many
   * as anybody likes would fill the disk by one URL.
   */
  async function alone<T>(place: string, request: IncomingMessage, work: () => Promise<T>): Promise<T> {
    const earlier = underWay.get(place);
    if (earlier && !earlier.complete) earlier.destroy();
    underWay.set(place, request);
    try {
      return await work();
    } finally {
      if (underWay.get(place) === request) underWay.delete(place);
    }
  }

  return async (grant: Exclude<Grant, { purpose: "get" }>, request: IncomingMessage): Promise<ObjectHead> => {
    const size = Number(grant.fields.size);
    checkLength(request, size);
    request.setTimeout(IDLE_UPLOAD_MS, () => request.destroy());
    request.once("end", () => request.setTimeout(0));
    // An early return must not cut the connection: the answer goes over it.
    const body = { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
    const { key } = grant;
    if (grant.purpose === "put") {
      if (request.headers["content-type"] !== grant.fields.type) {
        throw new AppError("unsupported_media_type", `Content-Type must be ${grant.fields.type}.`);
      }
      return alone(key, request, () => objects.put(key, body, size));
    }
    const { upload: uploadId, part } = grant.fields;
    return alone(`${key} ${part}`, request, () =>
      multipart.putPart({ key, uploadId, partNumber: Number(part), size }, body),
    );
  };
}

function checkLength(request: IncomingMessage, size: number): void {
  const length = request.headers["content-length"];
  if (length === undefined) throw new AppError("validation_failed", "Content-Length is required.");
  if (Number(length) > size) throw new AppError("payload_too_large", `The content must be of ${size} bytes.`);
  if (Number(length) < size) throw new AppError("validation_failed", `The content must be of ${size} bytes.`);
}

async function download(
  fields: { readonly type: string; readonly disposition: string },
  object: OpenObject | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (object === null) throw new AppError("not_found", "There is no such file.");
  try {
    const { etag, size } = object;
    const validators = {
      etag,
      "last-modified": object.lastModified.toUTCString(),
      "cache-control": "private, no-cache",
      // The link is the permission; web clients on another origin show it in <img> and <video>.
      "cross-origin-resource-policy": "cross-origin",
    };
    const seen = request.headers["if-none-match"];
    if (seen !== undefined && matchesEtag(seen, etag)) {
      response.writeHead(304, validators).end();
      return;
    }
    const ifRange = request.headers["if-range"];
    const unchanged = ifRange === undefined || ifRange === etag;
    const range = unchanged ? parseRange(request.headers.range, size) : null;
    if (range === "unsatisfiable") {
      response.setHeader("content-range", `bytes */${size}`);
      throw new AppError("range_not_satisfiable", `The file is of ${size} bytes.`);
    }
    response.writeHead(range ? 206 : 200, {
      ...validators,
      "content-type": fields.type,
      "content-disposition": fields.disposition,
      "content-length": range ? range.end - range.start + 1 : size,
      "accept-ranges": "bytes",
      ...(range && { "content-range": `bytes ${range.start}-${range.end}/${size}` }),
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox; default-src 'none'",
    });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    response.setTimeout(IDLE_DOWNLOAD_MS, () => response.destroy());
    await object.stream(range ?? undefined).sendTo(response);
  } finally {
    await object.close();
  }
}

/** Reads on, within bounds: an answer sent while the client still writes would be lost with the connection. */
async function drain(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.complete || request.destroyed) {
    request.resume();
    return;
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  let bytes = 0;
  const timer = setTimeout(resolve, DRAIN_MS);
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DRAIN_BYTES) resolve();
  });
  request.once("close", resolve).once("end", resolve).resume();
  await promise;
  clearTimeout(timer);
  if (!request.complete) response.setHeader("connection", "close");
}
