import type { Readable, Writable } from "node:stream";

/** Objects that may be read at a time in one process. */
export const readsMax = 1000;

/**
 * Where file bytes live. Two drivers (`disk`, `s3`) pass one contract suite.
 *
 * Keys are made by us (`staging/…`, `objects/…`), never by a caller. Every method rejects with
 * `AppError("unavailable")` within five seconds when the store does not answer.
 */
export interface StoragePort {
  /** Resolves when the store answers; used by readiness and before a presign. */
  check(): Promise<void>;
  /** A URL to which exactly this type and length may be PUT; `headers` are to be sent verbatim. */
  presignPut(input: PresignPut): Promise<SignedUpload>;
  /** A URL that serves the object with exactly this type and disposition. */
  presignGet(input: PresignGet): Promise<SignedUrl>;
  /** Size and ETag, or null when there is no such object. */
  head(key: string): Promise<ObjectHead | null>;
  /** The bytes, or the inclusive byte range; null when there is no such object. Destroy the stream to stop early. */
  read(key: string, range?: ByteRange): Promise<StoredBytes | null>;
  /** Stores `size` bytes; the object appears whole or not at all. */
  put(key: string, body: Readable | Uint8Array, meta: { contentType: string; size: number }): Promise<void>;
  /** Server-side copy; rejects with `AppError("not_found")` when `from` is missing. */
  copy(from: string, to: string): Promise<void>;
  /** Removes the object; missing is fine. */
  delete(key: string): Promise<void>;
  /** Objects below a prefix, a page at a time, in key order. */
  list(prefix: string): AsyncIterable<ListedObject>;
  startMultipart(key: string, contentType: string): Promise<string>;
  presignPart(input: PresignPart): Promise<SignedUpload>;
  /** Parts that are already there, in order. */
  listParts(key: string, uploadId: string): Promise<UploadedPart[]>;
  completeMultipart(key: string, uploadId: string, parts: readonly PartRef[]): Promise<void>;
  /** Forgets the parts; unknown is fine. */
  abortMultipart(key: string, uploadId: string): Promise<void>;
  /** Uploads in parts below a prefix that were neither completed nor aborted, in no order. */
  listMultiparts(prefix: string): AsyncIterable<ListedMultipart>;
  /** Ends connections. */
  close(): Promise<void>;
}

/** A stream of an object; where the driver has a cheaper way to a socket than `pipeline`, it says so. */
export interface StoredBytes extends Readable {
  /** How many there are, where the driver was told. */
  readonly total?: number;
  /** Instead of reading: sends all to `destination` and ends as `pipeline` does, with both closed. */
  sendTo?(destination: Writable): Promise<void>;
}

export interface ByteRange {
  readonly start: number;
  /** Inclusive. */
  readonly end: number;
}

export interface PresignPut {
  readonly key: string;
  readonly contentType: string;
  readonly size: number;
  /** Seconds during which the upload may be started. */
  readonly expiresIn: number;
}

export interface PresignGet {
  readonly key: string;
  readonly contentType: string;
  readonly contentDisposition: string;
  readonly expiresIn: number;
}

export interface PresignPart {
  readonly key: string;
  readonly uploadId: string;
  /** 1…10 000. */
  readonly partNumber: number;
  readonly size: number;
  readonly expiresIn: number;
}

export interface SignedUrl {
  /** Absolute. */
  readonly url: string;
  readonly expiresAt: Date;
}

export interface SignedUpload extends SignedUrl {
  /** Never `host` or `content-length`: clients cannot or need not set them. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ObjectHead {
  readonly size: number;
  readonly etag: string;
  readonly lastModified: Date;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly lastModified: Date;
}

export interface ListedMultipart {
  readonly key: string;
  readonly uploadId: string;
  readonly initiatedAt: Date;
}

export interface PartRef {
  readonly partNumber: number;
  readonly etag: string;
}

export interface UploadedPart extends PartRef {
  readonly size: number;
}

/** Bytes to be answered with: what they are, and how to open all or a part of them. */
export interface Streamable {
  readonly etag: string;
  readonly size: number;
  readonly contentType: string;
  readonly disposition: string;
  open(range: ByteRange | null): Promise<StoredBytes>;
}
