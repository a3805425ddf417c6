import type { ByteRange } from "../adapters/storage/port.ts";

/**
 * One `bytes` range (RFC 9110, 14.1.2) against a known size.
 *
 * @returns null to answer with everything (no header, another unit, or several ranges, which we may ignore);
 *   "unsatisfiable" for 416.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | null | "unsatisfiable" {
  if (header === undefined || !/^bytes=/i.test(header) || header.includes(",")) return null;
  const match = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header);
  const [, first, last] = match ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return "unsatisfiable";
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start >= size || start > end ? "unsatisfiable" : { start, end };
}
