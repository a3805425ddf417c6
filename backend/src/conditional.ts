import type { ByteRange } from "./adapters/storage/port.ts";

/**
 * The one range that a `Range` header asks for (RFC 9110, 14.1.2), of a known size.
 *
 * @returns null to answer with everything (no header, another unit, several ranges, or one that makes no sense, as the
 *   RFC allows); "unsatisfiable" for 416
 */
export function parseRange(header: string | undefined, size: number): ByteRange | null | "unsatisfiable" {
  const [, first, last] = /^\s*bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") return null;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== "" && Number(last) < start) return null;
  return start >= size ? "unsatisfiable" : { start, end };
}

/** Whether a list of ETags (RFC 9110, 8.8.3) names this one; weak comparison, as `If-None-Match` wants. */
export function matchesEtag(header: string, etag: string): boolean {
  return header.split(",").some((one) => {
    const tag = one.trim();
    return tag === "*" || tag.replace(/^W\//, "") === etag;
  });
}
