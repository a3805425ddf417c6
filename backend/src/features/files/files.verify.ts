import { createHash } from "node:crypto";
import { fileTypeFromBuffer } from "file-type";
import type { StoragePort, StoredBytes } from "../../adapters/storage/port.ts";
import { AppError } from "../../errors.ts";
import type { FileRow } from "./files.rows.ts";
import { accepts, isInline, type TargetName, targets } from "./files.targets.ts";

export interface Promised {
  readonly target: TargetName;
  readonly declaredType: string;
  readonly size: number;
  readonly sha256: string | null;
}

export type Verified =
  | { readonly ok: true; readonly sha256: string; readonly contentType: string }
  | { readonly ok: false; readonly reason: string }
  | { readonly ok: null };

/** What the row says of the bytes that stay. */
export type Kept = Pick<FileRow, "fileName" | "contentType" | "size" | "sha256" | "sizes">;

/** What becomes of an upload that is looked at: `ok: null` when there is no such object. */
export type Checked =
  | { readonly ok: true; readonly kept: Kept }
  | { readonly ok: false; readonly reason: string }
  | { readonly ok: null };

/** What file-type looks at (its documented sample size). */
const sampleBytes = 4100;

/**
 * Reads an object once and compares it with what was promised: length, digest, and the type that its bytes show.
 *
 * @returns `ok: null` when there is no such object.
 */
export async function verifyObject(storage: StoragePort, key: string, promised: Promised): Promise<Verified> {
  const source = await storage.read(key);
  if (!source) return { ok: null };
  const hash = createHash("sha256");
  const sample: Buffer[] = [];
  let size = 0;
  for await (const chunk of bytesOf(source)) {
    if (size < sampleBytes) sample.push(chunk.subarray(0, sampleBytes - size));
    size += chunk.length;
    hash.update(chunk);
    if (size > promised.size) break;
  }
  const sha256 = hash.digest("hex");
  if (size !== promised.size) return { ok: false, reason: `The upload is not ${promised.size} bytes long` };
  if (promised.sha256 !== null && promised.sha256 !== sha256)
    return { ok: false, reason: "The upload does not have the promised SHA-256" };
  const sniffed = (await fileTypeFromBuffer(Buffer.concat(sample)))?.mime;
  const contentType = settleType(promised, sniffed);
  if (contentType === null) return { ok: false, reason: `The bytes are not ${promised.declaredType}` };
  return { ok: true, sha256, contentType };
}

/**
 * All bytes of an object, for its check: that a store breaks off is no verdict on them.
 *
 * @throws AppError `unavailable`
 */
export async function* bytesOf(source: StoredBytes): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (cause) {
    throw new AppError("unavailable", "The store broke off: try again", { retryAfter: 5, cause });
  }
}

/** Where bytes do not say which of two they are: sound looks like a film in the same container, old office files alike. */
const tellsNoMore: Readonly<Record<string, RegExp>> = {
  "video/mp4": /^audio\/(mp4|m4a|x-m4a)$/,
  "video/webm": /^audio\/webm$/,
  "application/x-cfb": /^application\/(msword|vnd\.ms-(excel|powerpoint))$/,
};

/**
 * The type that is served: sniffed, never merely declared, wherever a browser could render it. Plain text shows no
 * magic number; it keeps its declared type, which is only ever a download, and so does what a sniffer cannot tell apart.
 *
 * @returns null when declaration and bytes contradict each other.
 */
export function settleType({ target, declaredType }: Promised, sniffed: string | undefined): string | null {
  const opaque = "application/octet-stream";
  if (isInline(declaredType)) return sniffed === declaredType ? sniffed : null;
  if (sniffed === undefined) return /^(text\/|application\/json$)/.test(declaredType) ? declaredType : opaque;
  if (tellsNoMore[sniffed]?.test(declaredType)) return declaredType;
  if (isInline(sniffed)) return declaredType === opaque ? opaque : null;
  return accepts(targets[target], sniffed) ? sniffed : opaque;
}
