import type { ByteRange } from "./port.ts";

/**
 * The one byte range a `Range` header asks for (RFC 9110 §14): undefined for the whole (also when it names several
 * ranges or makes no sense, as the RFC allows), null when it cannot be satisfied.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined | null {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") return undefined;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? null : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== "" && Number(last) < start) return undefined;
  return start >= size ? null : { start, end };
}

/** Whether an `If-None-Match` header names this ETag. */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  const named = header?.split(",").map((tag) => tag.trim().replace(/^W\//, "")) ?? [];
  return named.includes(etag) || named.includes("*");
}
